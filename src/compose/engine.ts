/** What a composition hands to `serve`. */
import type { RecoverReport } from "../usecases/recover.ts";

export interface Engine {
  /** Waits for what it needs and recovers, then listens. Throws `StartupError` for what a user can
   * mend. */
  start(): Promise<Started>;
  /** Stops listening, drains, closes; in the reverse order of the start. May be called while it
   * starts. */
  stop(): Promise<void>;
}

export interface Started {
  readonly url: string;
  /** Where administrators are served; `url`, unless they have a port of their own. */
  readonly adminUrl: string;
  readonly recovered: RecoverReport;
}
