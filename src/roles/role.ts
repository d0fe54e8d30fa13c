/** A role is a part of the program that starts and stops. They stop in the reverse order of their
 * start, each with a deadline, so that one that hangs cannot keep the others from ending well. */
import { limits } from "../domain/limits.ts";

export interface Role {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RoleLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Stops what was started, last first. */
export async function stopAll(roles: readonly Role[], log: RoleLog): Promise<void> {
  for (const role of [...roles].reverse()) {
    const ended = await endsInTime(role.stop(), limits.shutdownDeadlineMs);
    if (!ended) log.warn({ role: role.name }, "role did not stop in time");
  }
}

async function endsInTime(stopping: Promise<void>, deadlineMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  const ended = await Promise.race([stopping.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
