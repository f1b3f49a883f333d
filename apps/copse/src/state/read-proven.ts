import { FetchBudget, runAsync, runTogether } from "@copse/ipld";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import { readStatePath, type StateReading } from "@copse/state/path";
import { proveRead, type StateProof } from "@copse/state/proof";
import { decodeBlockHeader } from "@copse/types";
import { NodeError } from "../errors.ts";
import type { NamedTipset, StatePlace } from "./state-place.ts";

/** Most that one command fetches from peers. */
const limits = { maxBlocks: 2048, maxBytes: 16 << 20, maxRounds: 256 };

/**
 * Reads values of a tipset's parent state, with their proof. From peers all paths are fetched at once, in as many round
 * trips as the longest of them takes.
 *
 * @throws {NodeError} `copse/block-absent`
 * @throws {FetchError} `fetch/over-budget`
 */
export async function readProven(
  place: StatePlace,
  { header }: NamedTipset,
  paths: readonly string[],
  { signal }: AbortOptions,
): Promise<StateProof> {
  const { parentStateRoot } = decodeBlockHeader(header);
  function* read(path: string): ReturnType<typeof readStatePath> {
    return yield* readStatePath(yield* loadStateTree(parentStateRoot), path);
  }
  try {
    const options = { held: place.held, budget: new FetchBudget(limits), signal };
    // what goes wrong here goes wrong again below, where it is told
    await runTogether(
      paths.map((path) => read(path)),
      place.blocks,
      options,
    );
    return await runAsync(proveRead({ header, paths }), place.blocks, { signal });
  } catch (error) {
    if (!isCopseError(error, "host/block-missing")) throw error;
    const { cid } = error.facts as { cid: string };
    throw new NodeError("copse/block-absent", { cid, file: place.name }, { cause: error });
  }
}

/** One value of a tipset's parent state. */
export async function readOne(
  place: StatePlace,
  tipset: NamedTipset,
  path: string,
  options: AbortOptions,
): Promise<StateReading> {
  const { reads } = await readProven(place, tipset, [path], options);
  return (reads[0] as { reading: StateReading }).reading;
}
