/** What every command has in common: `--json`, and a help page that ends with examples and the
 *  shape of its JSON. */
import { Command, InvalidArgumentError } from "commander";

export interface Documentation {
  readonly summary: string;
  /** Command lines without the program's name. */
  readonly examples: readonly string[];
  /** What `--json` prints, in a line or two. */
  readonly json: string;
}

export interface JsonOption {
  readonly json?: boolean;
}

export function documented(name: string, { summary, examples, json }: Documentation): Command {
  return new Command(name)
    .description(summary)
    .option("--json", "print one line of JSON on stdout; an error is JSON on stderr")
    .addHelpText("after", () => {
      const lines = examples.map((example) => `  $ doorbuster ${example}`);
      return ["", "Examples:", ...lines, "", "With --json:", indented(json)].join("\n");
    });
}

/** A command that only holds others. */
export function group(name: string, summary: string, examples: readonly string[]): Command {
  return new Command(name).description(summary).addHelpText("after", () => {
    const lines = examples.map((example) => `  $ doorbuster ${example}`);
    return ["", "Examples:", ...lines].join("\n");
  });
}

export function withConfig(command: Command): Command {
  return command.option("--config <file>", "configuration file (default: doorbuster.yaml, if any)");
}

/** Reads an option as a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = /^\d+$/.test(text) && value >= least && value <= most;
    if (!fits)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** Reads an option as a number within bounds. */
export function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = /^\d+(\.\d+)?$/.test(text) && value >= least && value <= most;
    if (!fits) throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
