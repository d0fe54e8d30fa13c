// Lets a process run for a share of the time only. In a thread of its own, which does nothing but
// sleep and signal: a busy event loop would come late. Even so it may, on a busy machine, so the
// process is stopped for as long as its share says after the time that it did run. The shared
// number says when it is over, and waking it ends a sleep.

import type { ThrottleOrder } from "./throttle.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<ThrottleOrder>) => {
  const { pid, share, periodMs } = data;
  const over = new Int32Array(data.over);
  const sleep = (ms: number) => Atomics.wait(over, 0, 0, ms);
  let owedMs = 0;
  let ranSince = performance.now();
  self.postMessage("begun");
  while (Atomics.load(over, 0) === 0) {
    process.kill(pid, "SIGSTOP");
    const stoppedAt = performance.now();
    owedMs += ((stoppedAt - ranSince) * (1 - share)) / share;
    sleep(owedMs);
    process.kill(pid, "SIGCONT");
    ranSince = performance.now();
    owedMs -= ranSince - stoppedAt;
    sleep(periodMs * share);
  }
  self.postMessage("ended");
};
