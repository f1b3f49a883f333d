import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeNeeding } from "./data.ts";

/** Where bundles of built-in actors lie: `COPSE_ACTORS_DIR`, or `~/.cache/copse/actors`. They are in no repository of ours. */
export const actorsDir: string = process.env["COPSE_ACTORS_DIR"] ?? join(homedir(), ".cache/copse/actors");

/**
 * The path of the archive of one version's actors, of all networks, or `undefined` where it is not on this machine.
 *
 * @example
 * actorsFile(18) // => "/…/.cache/copse/actors/v18.tar.zst"
 */
export function actorsFile(version: number): string | undefined {
  const path = join(actorsDir, archiveName(version));
  return existsSync(path) ? path : undefined;
}

/**
 * A suite that runs built-in actors. Where an archive is absent the suite is reported as *not run* at the end of
 * `npm test`, in CI too, or fails where the actors are required (`COPSE_REQUIRE_ACTORS=1`, as in `npm run test:vectors`).
 *
 * @example
 * describeActors("multisig", [16, 17], () => { ... });
 */
export function describeActors(name: string, versions: readonly number[], suite: () => void): void {
  const absent = versions.filter((version) => actorsFile(version) === undefined).map(archiveName);
  const isRequired = process.env["COPSE_REQUIRE_ACTORS"] === "1";
  describeNeeding({ name, absent, folder: actorsDir, isRequired }, suite);
}

/** Its name, as lotus has it in `build/actors`. */
function archiveName(version: number): string {
  return `v${version}.tar.zst`;
}
