import { openChainStore } from "@copse/chain";
import { type CidBytes, toCid } from "@copse/ipld";
import { type Network, TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import { resolveNetwork } from "../networks.ts";
import { readRepo } from "../repo.ts";
import { decodeHeader } from "./file-place.ts";
import type { NamedTipset, StatePlace } from "./state-place.ts";

const nothing = { blocks: 0, bytes: 0, rounds: 0 };

/** Headers and state of a repository, also while a node writes to it. @throws {NodeError} `copse/repo-missing` */
export async function openRepoPlace(repo: string): Promise<StatePlace & { readonly network: Network }> {
  const { about, database } = await readRepo(repo);
  try {
    const network = resolveNetwork(about.network);
    const store = await openChainStore(database, { genesis: network.genesisCid.bytes });
    const { reader } = store;
    const header = (cid: CidBytes): Uint8Array => {
      const bytes = reader.headerBytes(cid);
      if (bytes === undefined) throw new NodeError("copse/not-found", { what: `block ${toCid(cid)}` });
      return bytes;
    };
    return {
      name: repo,
      network,
      prefix: network.addressPrefix,
      held: database.blocks,
      blocks: { getBytes: async (cid) => database.blocks.getSync(cid) },
      asksPeers: false,
      fetched: () => nothing,
      async tipset(wanted): Promise<NamedTipset> {
        if (wanted.kind === "blocks") {
          const key = TipsetKey.fromCids(wanted.cids);
          const first = TipsetKey.cidBytes(key)[0] as CidBytes;
          const bytes = header(first);
          return { key, height: decodeHeader(bytes, first).height, header: bytes, anchor: "given" };
        }
        const { head } = store;
        const tipset =
          wanted.kind === "height" ? reader.tipsetAt(wanted.height, "previous") : head && reader.tipset(head.key);
        const [bytes] = tipset?.headers ?? [];
        if (tipset === undefined || bytes === undefined) {
          const what = wanted.kind === "height" ? `a tipset at height ${wanted.height}` : "a head";
          throw new NodeError("copse/not-found", { what });
        }
        return { key: tipset.key, height: tipset.height, header: bytes, anchor: "repository" };
      },
      [Symbol.asyncDispose]: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
