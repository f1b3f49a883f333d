import { type AssuranceLevel, coversRange, openChainStore } from "@copse/chain";
import type { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { resolveNetwork } from "../networks.ts";
import { readRepo } from "../repo.ts";

/** A header on the chain of a repository, and how far its height was checked there. */
export interface HeaderInChain {
  readonly repo: string;
  readonly height: number;
  readonly levels: readonly AssuranceLevel[];
}

/**
 * Looks a header up on the chain that a repository holds; a node may run on it.
 *
 * @throws {NodeError} `copse/not-found` where it is not on that chain, `copse/repo-missing`
 */
export async function findInChain(repo: string, header: CID): Promise<HeaderInChain> {
  const { about, database } = await readRepo(repo);
  try {
    const { genesisCid } = resolveNetwork(about.network);
    const store = await openChainStore(database, { genesis: genesisCid.bytes });
    const height = store.reader.canonicalHeight(header.bytes);
    if (height === undefined) throw new NodeError("copse/not-found", { what: `block ${header}` });
    const levels = Object.entries(store.assurance) as [AssuranceLevel, Parameters<typeof coversRange>[0]][];
    const here = { from: height, to: height };
    return { repo, height, levels: levels.flatMap(([level, ranges]) => (coversRange(ranges, here) ? [level] : [])) };
  } finally {
    await database.close();
  }
}
