/** The version of this program. */
import { version as packageVersion } from "../../package.json";

export const version: string = packageVersion;
