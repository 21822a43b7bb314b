/** The Worker's entry: its handlers and its Durable Objects. */
import { createApp } from "./app.ts";

export { AgentDesk } from "./agent-desk/agent-desk.ts";
export { Conversation } from "./conversation/conversation.ts";
export { Thread } from "./platform/embedded/thread.ts";
export default createApp();
