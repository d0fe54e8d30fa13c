/** Between processes and services: requests are late, out of order, lost on their way or on the way
 *  back; services are away, or frozen and then do late what they were asked. */
import type { Life } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type ServiceName = string;

/** Of what was done, told from what came of it, or of the error that it ended with. */
export type What = (outcome: unknown) => string;

/** How a request failed. `refused`: surely without an effect; `lost`: nobody knows. */
export type Failure = "refused" | "lost";

export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly failure: Failure;

  constructor(service: ServiceName, failure: Failure) {
    super(`${service}: ${failure}`);
    this.failure = failure;
  }
}

/** A way between one process and one service. `both`: nothing passes; `replies`: what was asked is
 * done, and nobody hears of it. */
export type Cut = "both" | "replies";

export interface NetworkManners {
  /** Of each message. */
  readonly lossChance: number;
  /** Of each message, to be very late. */
  readonly lateChance: number;
  readonly lateMaxMs: number;
}

export interface Network {
  /** Has the service do something, once, at one moment. Rejects with `RequestFailed`. `what` says
   * it for the trace. */
  request<T>(
    life: Life,
    service: ServiceName,
    timeoutMs: number,
    work: () => T,
    what?: What,
  ): Promise<T>;
  /** Tells a process something; it may be lost. */
  tell(service: ServiceName, life: Life, what: () => void): void;
  cut(host: string, service: ServiceName, cut: Cut | null): void;
  setService(service: ServiceName, state: "up" | "down" | "frozen"): void;
  /** Whether it answers. */
  isUp(service: ServiceName): boolean;
  /** From now on nothing is lost or late, and nothing is cut. */
  heal(): void;
}

interface ServiceState {
  state: "up" | "down" | "frozen";
  /** Grows when its connections break. */
  sessions: number;
  waiting: (() => void)[];
}

const usualMs = 2;

export function network(
  time: Scheduler,
  manners: NetworkManners,
  heard: (host: string, service: ServiceName, what: () => string) => void,
): Network {
  const services = new Map<ServiceName, ServiceState>();
  const cuts = new Map<string, Cut>();
  let healed = false;

  function serviceOf(name: ServiceName): ServiceState {
    const known = services.get(name) ?? { state: "up", sessions: 0, waiting: [] };
    services.set(name, known);
    return known;
  }

  /** Null if the message is lost. */
  function delay(chance: Random): number | null {
    const usual = 0.1 + chance.next() * usualMs;
    const dice = chance.next();
    if (healed) return usual;
    if (dice < manners.lossChance) return null;
    const late = dice < manners.lossChance + manners.lateChance;
    return late ? usual + chance.next() * manners.lateMaxMs : usual;
  }

  const request: Network["request"] = (life, name, timeoutMs, work, what = () => "") => {
    const { chance, name: host } = life.host;
    const way = {
      there: delay(chance),
      back: delay(chance),
      cut: () => cuts.get(`${host} ${name}`),
    };
    return ask(time, life, serviceOf(name), way, { name, timeoutMs, work, what, heard });
  };

  function tell(name: ServiceName, life: Life, what: () => void): void {
    const ms = delay(life.host.chance);
    if (ms === null || cuts.has(`${life.host.name} ${name}`)) return;
    time.after(ms, () => life.deliver(what));
  }

  function setService(name: ServiceName, state: ServiceState["state"]): void {
    const service = serviceOf(name);
    if (state === "down") service.sessions += 1;
    service.state = state;
    const waiting = service.waiting;
    service.waiting = [];
    // A frozen service finds what it was asked; one that went away has lost it.
    if (state === "up") for (const work of waiting) time.after(0, work);
    if (state === "frozen") service.waiting = waiting;
  }

  return {
    request,
    tell,
    cut: (host, service, cut) => {
      if (cut === null) cuts.delete(`${host} ${service}`);
      else cuts.set(`${host} ${service}`, cut);
    },
    setService,
    isUp: (name) => serviceOf(name).state === "up",
    heal: () => {
      healed = true;
      cuts.clear();
      for (const name of services.keys()) setService(name, "up");
    },
  };
}

interface Way {
  /** How long a message takes; null: it is lost. */
  readonly there: number | null;
  readonly back: number | null;
  readonly cut: () => Cut | undefined;
}

interface Asked<T> {
  readonly name: ServiceName;
  readonly timeoutMs: number;
  readonly work: () => T;
  readonly what: What;
  readonly heard: (host: string, service: ServiceName, what: () => string) => void;
}

function ask<T>(
  time: Scheduler,
  life: Life,
  service: ServiceState,
  { there, back, cut }: Way,
  { name, timeoutMs, work, what, heard }: Asked<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = life.clock.after(timeoutMs, () => fail("lost"));
    const fail = (failure: Failure) => {
      cancel();
      reject(new RequestFailed(name, failure));
    };
    const reply = (tell: () => void) => {
      if (back === null || cut() !== undefined) return;
      const { sessions } = service;
      time.after(back, () => {
        if (service.sessions !== sessions) return;
        life.deliver(() => {
          cancel();
          tell();
        });
      });
    };
    const execute = () => {
      try {
        const value = work();
        heard(life.host.name, name, () => what(value));
        reply(() => resolve(value));
      } catch (reason) {
        heard(life.host.name, name, () => what(reason));
        reply(() => reject(reason as Error));
      }
    };
    if (there === null || cut() === "both") return;
    time.after(there, () => {
      if (service.state === "up") execute();
      else if (service.state === "frozen") service.waiting.push(execute);
      else reply(() => fail("refused"));
    });
  });
}
