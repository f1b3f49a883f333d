import { diskModuleCache } from "./disk-cache.node.ts";
import { Engine } from "./engine.ts";

/**
 * An engine whose prepared modules are kept in a folder, or nowhere. What the folder cannot keep is a warning of the process.
 *
 * @example
 * createMachine({ ...options, engine: openEngine(modulesFolder(process.env)) });
 */
export function openEngine(folder: string | undefined): Engine {
  if (folder === undefined) return new Engine();
  let isTold = false;
  const onTrouble = (trouble: string): void => {
    if (!isTold) process.emitWarning(`${trouble} (prepared actors are kept in ${folder}, see COPSE_MODULES_DIR)`);
    isTold = true; // the next ones are of the same kind
  };
  return new Engine({ cache: diskModuleCache({ folder, onTrouble }) });
}
