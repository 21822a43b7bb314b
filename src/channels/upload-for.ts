/** The upload of one request: who may store, and what becomes of it when the request is over. */
import { type JsonText, kindOf, textOf } from "../invocation/json-text.ts";
import type { MediaType } from "../invocation/media-type.ts";
import { isAgentId } from "../invocation/parameter-schemas.ts";
import type { Query } from "../invocation/query.ts";
import { PlatformOutage } from "../platform/platform.ts";
import type { Result } from "../refusal.ts";
import { createFileStore } from "../uploads/file-store.ts";
import { createUpload, type Upload, type UploadOptions } from "../uploads/upload.ts";
import type { Exchange } from "./exchange.ts";

export interface RequestUpload {
  readonly upload: Upload;
  /** To be told of each field: the one that names the agent may stand before the files. */
  readonly onField: (name: string, value: JsonText) => void;
  /**
   * Does the request's work. What it has not said to keep is discarded after it; of an outage, only
   * if the platform has certainly taken nothing, since the agent may read the files otherwise.
   */
  readonly settle: (work: () => Promise<Response>) => Promise<Response>;
}

/** Whether the body's type is one that files come in; most requests need no upload at all. */
export function mayHoldFiles(type: Result<MediaType>): boolean {
  return type.ok && (type.value.kind === "multipart" || type.value.kind === "file");
}

/** The upload of a request that holds no file. */
export const NO_UPLOAD: Pick<RequestUpload, "upload" | "onField"> = {
  upload: {
    files: [],
    add: () => Promise.reject(new Error("no file was expected")),
    keep: () => undefined,
    letGo: () => undefined,
    discardUnlessKept: () => Promise.resolve(),
  },
  onField: () => undefined,
};

export function uploadFor(exchange: Exchange, query: Query, apiKey: string): RequestUpload {
  let agentId = query.get("agent_id") || undefined;
  const opened = openUpload(exchange, {
    isHashed: exchange.headers.has("Idempotency-Key"),
    admit: () =>
      exchange.rooms.platform.admit(isAgentId(agentId) ? agentId : undefined, { apiKey }),
  });
  return {
    ...opened,
    onField(name, value) {
      if (name === "agent_id" && kindOf(value) === "text") agentId ??= textOf(value) || undefined;
    },
  };
}

/** The upload of a request whose owner `admit` finds out. */
export function openUpload(
  exchange: Exchange,
  { isHashed, admit }: Pick<UploadOptions, "isHashed" | "admit">,
): Pick<RequestUpload, "upload" | "settle"> {
  const over = Promise.withResolvers<void>();

  const created = createUpload({
    store: createFileStore(exchange.env.FILES),
    links: exchange.rooms.links,
    origin: () => exchange.rooms.config.PUBLIC_URL ?? new URL(exchange.url).origin,
    limits: exchange.rooms.config,
    isHashed,
    admit: () => {
      // A caller that hangs up ends the request, but not before what it stored is removed.
      exchange.context.executionCtx.waitUntil(over.promise);
      return admit();
    },
  });

  const upload = {
    ...created,
    letGo() {
      over.resolve();
    },
  };
  return {
    upload,
    async settle(work) {
      try {
        return await work();
      } catch (thrown) {
        if (thrown instanceof PlatformOutage && !thrown.tookNothing) upload.keep();
        throw thrown;
      } finally {
        await upload.discardUnlessKept();
        over.resolve();
      }
    },
  };
}
