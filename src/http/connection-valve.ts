/** Keeps a crowd of idle connections from taking every file that the process may open. Bun has no
 * bound for connections, and without a file left it tries to accept again and again without a
 * pause, which takes all of its time (oven-sh/bun, pull request 32705). So before that the
 * connections are closed: who waits for an answer still gets it, the others come again. */
import { limits } from "../domain/limits.ts";
import { openFilesAtLeast, openFilesLimit } from "../lib/open-files.ts";
import type { Clock } from "../ports/clock.ts";

export interface OpenFiles {
  /** Null if not one more can be opened. */
  atLeast(): number | null;
  /** Null if it is not known. */
  readonly limit: number | null;
}

export interface ValveDeps {
  readonly clock: Pick<Clock, "after">;
  readonly files: OpenFiles;
  /** Closes connections. */
  readonly shed: () => void;
}

export const ownFiles = (): OpenFiles => ({ atLeast: openFilesAtLeast, limit: openFilesLimit() });

/** Looks again and again; the returned function ends it. */
export function watchConnections({ clock, files, shed }: ValveDeps): () => void {
  const most = (files.limit ?? Number.POSITIVE_INFINITY) * limits.openFilesShare;
  let cancel = clock.after(limits.connectionsLookMs, look);

  function look(): void {
    const open = files.atLeast();
    if (open === null || open >= most) shed();
    cancel = clock.after(limits.connectionsLookMs, look);
  }

  return () => cancel();
}
