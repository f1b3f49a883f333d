import type { AsyncBlockReader, FetchTally, SyncBlockReader } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import type { TipsetName } from "./tipset-name.ts";

/** A tipset whose headers are at hand. */
export interface NamedTipset {
  readonly key: TipsetKey;
  readonly height: number;
  /** Of its first block. */
  readonly header: Uint8Array;
  /** Whose word it is that this is the tipset that was asked for. */
  readonly anchor: "repository" | "file" | "peer" | "given";
}

/** Where headers and state are read from: a repository, a file, peers. */
export interface StatePlace extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  /** Of addresses. */
  readonly prefix: "f" | "t";
  /** Finds a tipset. @throws {NodeError} `copse/not-found`, `copse/no-peers` */
  tipset(name: TipsetName): Promise<NamedTipset>;
  /** Blocks, each checked against its CID. */
  readonly blocks: AsyncBlockReader;
  /** Those of them that need no peer. */
  readonly held: SyncBlockReader;
  /** Whether what is not at hand is fetched from peers. */
  readonly asksPeers: boolean;
  /** What came from peers. */
  fetched(): FetchTally;
}
