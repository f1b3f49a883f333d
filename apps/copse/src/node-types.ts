import type { ChainStore, LinkRules } from "@copse/chain";
import type { SignaturePool } from "@copse/crypto/pool";
import type { Bitswap, Host } from "@copse/network";
import type { CopseError } from "@copse/primitives";
import type { Network } from "@copse/types";
import type { Logger } from "pino";
import type { CertifiedTipsets } from "./f3/certified-tipsets.ts";
import type { F3Client } from "./f3/f3-client.ts";
import type { NodeMetrics } from "./metrics.ts";
import type { NodeOptions } from "./options.ts";
import type { Repo } from "./repo.ts";
import type { CountsTable } from "./sync/counts.ts";
import type { Peers } from "./sync/peers.ts";

/** What the process lends a node. */
export interface NodeWorld {
  readonly log: Logger;
  readonly metrics: NodeMetrics;
  readonly version: string;
  /** Told of each peer that is dropped for what it sent. */
  readonly onLiar: (peer: string, error: unknown) => void;
  /** Told of each head that its leaders refute, and who told it. */
  readonly onRefuted?: (error: CopseError, tellers: readonly string[]) => void;
}

/** A node that is wired and not yet running. */
export interface CopseNode {
  readonly network: Network;
  readonly options: NodeOptions;
  readonly repo: Repo;
  readonly store: ChainStore;
  readonly counts: CountsTable;
  readonly rules: LinkRules;
  readonly signatures: SignaturePool;
  readonly host: Host;
  readonly bitswap: Bitswap;
  readonly peers: Peers;
  /** Finality certificates; undefined where the node does without. */
  readonly f3: { readonly client: F3Client; readonly certified: CertifiedTipsets } | undefined;
  readonly metrics: NodeMetrics;
  /** Ends all of it, newest part first. Safe to call twice. */
  close(): Promise<void>;
}
