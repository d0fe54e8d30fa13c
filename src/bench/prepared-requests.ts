/** Requests written out before the clock starts, in one buffer: building and signing them must
 *  not be part of what is measured, and a million small buffers would cost more than the load
 *  itself. */

export class PreparedRequests {
  readonly bytes: Buffer;
  private readonly starts: Uint32Array;
  private readonly cycles: boolean;
  private taken = 0;

  /** With `cycles`, the first request follows the last; without, the requests run out. */
  constructor(count: number, write: (index: number) => string, cycles: boolean) {
    const sample = write(0).length;
    let bytes = Buffer.allocUnsafe((sample + 16) * count);
    this.starts = new Uint32Array(count + 1);
    this.cycles = cycles;
    let end = 0;
    for (let index = 0; index < count; index++) {
      const request = write(index);
      if (end + request.length > bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2);
      end += bytes.write(request, end, "latin1");
      this.starts[index + 1] = end;
    }
    this.bytes = bytes;
  }

  get count(): number {
    return this.starts.length - 1;
  }

  /** The next request's number, or -1 if there is none left. */
  take(): number {
    if (this.taken === this.count) {
      if (!this.cycles) return -1;
      this.taken = 0;
    }
    this.taken += 1;
    return this.taken - 1;
  }

  startOf(request: number): number {
    return this.starts[request] ?? 0;
  }

  lengthOf(request: number): number {
    return (this.starts[request + 1] ?? 0) - this.startOf(request);
  }
}
