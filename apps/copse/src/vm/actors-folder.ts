import type { CommandContext, OptionSpec } from "../commands/command.ts";
import { defaultActors } from "../options.ts";

/** The option of every command that needs bundles of actors. */
export const actorsOption: OptionSpec = {
  form: "--actors <dir>",
  says: "folder of bundles of built-in actors (default: COPSE_ACTORS_DIR, else ~/.cache/copse/actors)",
};

/** The folder of bundles: as the option, the environment or the house has it. */
export function actorsFolder({ flags, environment }: Pick<CommandContext, "flags" | "environment">): string {
  const given = flags["actors"] ?? environment["COPSE_ACTORS_DIR"];
  return typeof given === "string" && given !== "" ? given : defaultActors();
}
