// What `npm run services` is asked to do.

import { isServiceName, type ServiceName, serviceNames } from "./catalog.ts";

const verbs = ["up", "down", "status", "reset"] as const;
type Verb = (typeof verbs)[number];

export interface ServicesCommand {
  readonly verb: Verb;
  readonly names: readonly ServiceName[];
  readonly json: boolean;
}

/** The command, or what is wrong with it. */
export function parseServicesCommand(args: readonly string[]): ServicesCommand | string {
  const words = args.filter((arg) => arg !== "--json");
  const [verb, ...names] = words;
  if (!isVerb(verb)) return verb === undefined ? "say what to do" : `there is no \`${verb}\``;
  const unknown = names.find((name) => !isServiceName(name));
  if (unknown !== undefined) return `there is no service ${unknown}`;
  const chosen = names.filter(isServiceName);
  const json = words.length < args.length;
  return { verb, names: chosen.length === 0 ? serviceNames : [...new Set(chosen)], json };
}

function isVerb(text: string | undefined): text is Verb {
  return verbs.some((verb) => verb === text);
}
