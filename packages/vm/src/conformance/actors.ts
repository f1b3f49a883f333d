import { type CidBytes, cidKey, type SyncBlockReader } from "@copse/ipld";
import { actorsVersionOf } from "../bundle/actors-version.ts";
import type { ActorBundle } from "../bundle/bundle.ts";
import type { MessageVector } from "./vector.ts";

/** The network whose actors ran a vector that does not say so: those of the public corpus are of mainnet. */
const defaultNetwork = "mainnet";

/** Version and network of the actors that a vector runs. @throws {VmError} `vm/network-version-unsupported` */
export function actorsOfVector(vector: Pick<MessageVector, "actors" | "networkVersion">): {
  readonly version: number;
  readonly network: string;
} {
  return vector.actors ?? { version: actorsVersionOf(vector.networkVersion), network: defaultNetwork };
}

/**
 * The blocks of bundles as one store to read from: code, and the lists that the system actor's state links to.
 *
 * @example
 * bundleReader([await loadActors(folder, 9, "mainnet")]).getSync(code)
 */
export function bundleReader(bundles: Iterable<ActorBundle>): SyncBlockReader {
  const all = Array.from(bundles, ({ blocks }) => blocks);
  return {
    getSync(cid: CidBytes): Uint8Array | undefined {
      const key = cidKey(cid);
      for (const blocks of all) {
        const block = blocks.get(key);
        if (block !== undefined) return block;
      }
      return undefined;
    },
  };
}
