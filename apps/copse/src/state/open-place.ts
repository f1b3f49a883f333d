import { textFlag } from "../commands/car-input.ts";
import type { CommandContext } from "../commands/command.ts";
import { NodeError } from "../errors.ts";
import { resolveNetwork } from "../networks.ts";
import { resolveOptions } from "../options.ts";
import { openFilePlace } from "./file-place.ts";
import { openPeerPlace } from "./peer-place.ts";
import { openRepoPlace } from "./repo-place.ts";
import type { StatePlace } from "./state-place.ts";

/**
 * Opens what a command reads state from: the file it names, or else the repository, if there is one; and peers, if it names
 * some, for what these have not.
 *
 * @throws {NodeError} `copse/repo-missing`, `copse/no-peers`
 */
export async function openStatePlace(context: CommandContext): Promise<StatePlace> {
  const { signal } = context;
  const options = resolveOptions(context.flags, context.environment);
  const below = await openHeld(context, options);
  if (options.peer.length === 0) {
    if (below === undefined) throw new NodeError("copse/repo-missing", { repo: options.repo });
    return below;
  }
  const network = below?.network ?? resolveNetwork(options.network);
  return await openPeerPlace(network, options.peer, below, { signal });
}

type Held = Awaited<ReturnType<typeof openRepoPlace>> | (StatePlace & { readonly network?: undefined });

async function openHeld(
  context: CommandContext,
  { repo, network, peer }: ReturnType<typeof resolveOptions>,
): Promise<Held | undefined> {
  if (textFlag(context, "from") !== undefined) {
    return await openFilePlace(context, resolveNetwork(network).addressPrefix);
  }
  try {
    return await openRepoPlace(repo);
  } catch (error) {
    if (peer.length > 0 && error instanceof NodeError && error.code === "copse/repo-missing") return undefined;
    throw error;
  }
}
