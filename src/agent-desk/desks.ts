/** A Worker's way to the desks: what it reads is kept in memory, what it notes is gathered. */
import { MAX_SOURCES_IN_MEMORY, SOURCE_FRESH_MS } from "../limits.ts";
import type { Seal } from "../seal.ts";
import type { AgentDesk } from "./agent-desk.ts";
import type { Day } from "./day.ts";
import type {
  Changed,
  DeliveryNote,
  ShownSource,
  SourceChange,
  StoredSource,
  TokenClaim,
} from "./messages.ts";
import { createNotes } from "./notes.ts";
import { openSource, type Source } from "./source.ts";

export interface SourcePlace {
  readonly agentId: string;
  readonly name: string;
}

export interface Desks {
  /** As it was 10 s ago at the latest; one that is not there is remembered too. */
  find(place: SourcePlace): Promise<Source | undefined>;
  /** As it is now; nothing for another organisation than its own. */
  show(place: SourcePlace, organisation: string): Promise<ShownSource | undefined>;
  list(agentId: string, organisation: string): Promise<readonly StoredSource[]>;
  put(place: SourcePlace, change: SourceChange): Promise<Changed>;
  remove(place: SourcePlace, organisation: string): Promise<boolean>;
  take(place: SourcePlace, day: Day, runs: { wanted: number; max: number }): Promise<number>;
  giveBack(place: SourcePlace, day: Day, runs: number): Promise<void>;
  claim(place: SourcePlace, claim: TokenClaim): Promise<boolean>;
  keepClaim(place: SourcePlace, token: string): Promise<void>;
  /** Noted soon, if no crash comes before: nothing may hang on it. */
  note(place: SourcePlace, notes: readonly DeliveryNote[]): void;
}

export interface DesksOptions {
  readonly namespace: () => DurableObjectNamespace<AgentDesk>;
  readonly seal: Seal;
  /** Keeps the Worker alive for what its caller does not wait for. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

interface Remembered {
  readonly source: Source | undefined;
  readonly until: number;
}

export function createDesks({ namespace, seal, waitUntil }: DesksOptions): Desks {
  const known = new Map<string, Remembered>();
  // Apart, or whoever guesses names would push out the sources that are there.
  const unknown = new Map<string, Remembered>();
  const deskOf = ({ agentId }: Pick<SourcePlace, "agentId">) => namespace().getByName(agentId);
  const notes = createNotes({
    deliver: (agentId, noted) => deskOf({ agentId }).note(noted),
    waitUntil,
  });

  const read = async (place: SourcePlace): Promise<Source | undefined> => {
    const desk = deskOf(place);
    const row: StoredSource | undefined = await desk.find(place.name);
    if (row === undefined) return undefined;
    const source = await openSource(place.agentId, row, seal);
    if (source.stale.length > 0) {
      // What stays stale is sealed anew at the next reading.
      waitUntil(desk.reseal(place.name, source.stale).catch(() => undefined));
    }
    return source;
  };

  const remember = (key: string, remembered: Remembered): void => {
    const memory = remembered.source === undefined ? unknown : known;
    const [oldest] = memory.keys();
    if (oldest !== undefined && memory.size >= MAX_SOURCES_IN_MEMORY) memory.delete(oldest);
    memory.set(key, remembered);
  };

  const forget = (key: string): void => {
    known.delete(key);
    unknown.delete(key);
  };

  return {
    async find(place) {
      const key = keyOf(place);
      const now = Date.now();
      const remembered = known.get(key) ?? unknown.get(key);
      if (remembered !== undefined && remembered.until > now) return remembered.source;
      forget(key);
      const source = await read(place);
      remember(key, { source, until: now + SOURCE_FRESH_MS });
      return source;
    },

    async show(place, organisation) {
      await notes.flush(place.agentId);
      return deskOf(place).show(place.name, organisation);
    },

    list: (agentId, organisation) => deskOf({ agentId }).list(organisation),

    async put(place, change) {
      const changed: Changed = await deskOf(place).put(place.name, change);
      forget(keyOf(place));
      return changed;
    },

    async remove(place, organisation) {
      const isRemoved = await deskOf(place).remove(place.name, organisation);
      forget(keyOf(place));
      return isRemoved;
    },

    take: (place, day, runs) => deskOf(place).take(place.name, day, runs),
    giveBack: (place, day, runs) => deskOf(place).giveBack(place.name, day, runs),
    claim: (place, claim) => deskOf(place).claim(place.name, claim),
    keepClaim: (place, token) => deskOf(place).keepClaim(place.name, token),
    note: ({ agentId, name }, noted) =>
      notes.add(
        agentId,
        noted.map((note) => ({ ...note, source: name })),
      ),
  };
}

function keyOf({ agentId, name }: SourcePlace): string {
  return `${agentId}/${name}`;
}
