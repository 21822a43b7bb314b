/**
 * A point in time by which a call must have ended. A race instead of an `AbortSignal`, which costs
 * a call twice as much; what lost the race ends with the request.
 */
export interface Deadline {
  hasPassed(): boolean;
  /** The call's outcome, or a rejection once the time is over. */
  race<Value>(call: Promise<Value>): Promise<Value>;
  /** To be called when all is done: a timer that still runs keeps the request alive. */
  clear(): void;
}

export function createDeadline(seconds: number): Deadline {
  let isOver = false;
  const { promise: over, reject } = Promise.withResolvers<never>();
  // Where nobody races any more, nobody is to be told.
  over.catch(() => undefined);
  const timer = setTimeout(() => {
    isOver = true;
    reject(new Error(`no reply in ${seconds} s`));
  }, seconds * 1000);
  return {
    hasPassed: () => isOver,
    race: (call) => Promise.race([over, call]),
    clear: () => {
      clearTimeout(timer);
    },
  };
}

/** Does the work under a deadline of its own. */
export async function within<Value>(
  seconds: number,
  work: (deadline: Deadline) => Promise<Value>,
): Promise<Value> {
  const deadline = createDeadline(seconds);
  try {
    return await work(deadline);
  } finally {
    deadline.clear();
  }
}
