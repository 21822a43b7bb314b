import type { Agent } from "../platform/embedded/agent.ts";
import { echo } from "./echo.ts";

/** The embedded platform's agents, by `agent_id`. Write one in a file beside this, and add its line. */
export const agents: ReadonlyMap<string, Agent> = new Map([["echo", echo]]);
