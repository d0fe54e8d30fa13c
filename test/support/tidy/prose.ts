// Rules on what the texts of the repository say, and on where their links lead.

import { dirname, join } from "node:path/posix";
import type { TextFile } from "./tree.ts";

const MACHINE_PATH = /(?<![\w./-])\/(?:work|root|home|Users)\//;
const REGISTRY_HOSTS = new RegExp(
  [
    String.raw`registry\.(npmjs|yarnpkg)\.\w+`,
    String.raw`pypi\.org|pythonhosted\.org`,
    String.raw`(proxy|sum)\.golang\.org`,
    String.raw`maven\.(apache\.)?org`,
  ].join("|"),
);
const LINE_REFERENCE =
  /\blines?\s+\d+|#L\d+|\.(ts|tsx|js|mjs|json|md|lua|sql|ya?ml|sh|html|css):\d+/i;

export function machinePaths(files: readonly TextFile[]): string[] {
  return matching(files, MACHINE_PATH, "names a path of one machine");
}

export function registryHosts(files: readonly TextFile[]): string[] {
  return matching(files, REGISTRY_HOSTS, "names a package registry's host");
}

export function lineReferences(files: readonly TextFile[]): string[] {
  return matching(files.filter(isMarkdown), LINE_REFERENCE, "refers to a line by its number");
}

function matching(files: readonly TextFile[], pattern: RegExp, complaint: string): string[] {
  return files.flatMap((file) => {
    const match = pattern.exec(file.text);
    return match === null ? [] : [`${file.path} ${complaint}: ${match[0].trim()}`];
  });
}

function isMarkdown(file: TextFile): boolean {
  return file.path.endsWith(".md");
}

/** Relative links must lead to a file or folder of the repository, and anchors to a heading. */
export function brokenLinks(files: readonly TextFile[]): string[] {
  const pages = new Map(files.filter(isMarkdown).map((file) => [file.path, anchorsOf(file.text)]));
  const places = new Set(files.flatMap((file) => pathAndParents(file.path)));
  return [...files].filter(isMarkdown).flatMap((file) =>
    linksOf(file.text)
      .filter((link) => !leadsSomewhere(file.path, link, places, pages))
      .map((link) => `${file.path} has a broken link: ${link}`),
  );
}

function leadsSomewhere(
  from: string,
  link: string,
  places: ReadonlySet<string>,
  pages: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const [path = "", anchor] = decodeURI(link).split("#");
  const target = path === "" ? from : join(dirname(from), path).replace(/\/$/, "");
  if (!places.has(target)) return false;
  return anchor === undefined || pages.get(target)?.has(anchor) !== false;
}

/** Inline links, reference definitions and HTML attributes; code and other sites are left out. */
function linksOf(markdown: string): string[] {
  const prose = withoutCode(markdown).replace(/`[^`\n]*`/g, "");
  const patterns = [/\]\(\s*<?([^)\s>]+)/g, /^\[[^\]]+\]:\s*(\S+)/gm, /\b(?:href|src)="([^"]+)"/g];
  return patterns
    .flatMap((pattern) => [...prose.matchAll(pattern)].map((match) => match[1] ?? ""))
    .filter((link) => link !== "" && !/^([a-z][a-z+.-]*:|\/\/)/i.test(link));
}

function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutCode(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = slugOf(heading);
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function slugOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return text.replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "").replace(/\s/g, "-");
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^ *(```+|~~~+)[\s\S]*?^ *\1 *$/gm, "");
}

function pathAndParents(path: string): string[] {
  return path === "." ? [path] : [path, ...pathAndParents(dirname(path))];
}
