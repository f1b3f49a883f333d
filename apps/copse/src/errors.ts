import { CopseError } from "@copse/primitives";

/** Facts of each code the node and the command line fail with. */
export type NodeFacts = {
  "copse/command-malformed": { why: string };
  "copse/option-malformed": { option: string; value: string; expected: string };
  "copse/config-malformed": { file: string; why: string };
  "copse/repo-missing": { repo: string };
  "copse/repo-other-network": { repo: string; found: string; expected: string };
  "copse/import-empty": { file: string };
  "copse/import-no-head": { file: string; head: string };
  "copse/no-peers": { tried: number; why: string };
  /** What peers sent for a block hashes to something else, and no other peer is left to ask. */
  "copse/block-mismatch": { block: string; peers: number };
  "copse/chain-broken": { tipset: string; why: string };
  /** A chain that leaves out what F3 finalized. */
  "copse/not-certified": { tipset: string; why: string };
  /** What is stored left the chain that F3 finalized further back than a fork may go. */
  "copse/chain-disagrees": { tipset: string; height: number; why: string };
  "copse/not-found": { what: string };
  "copse/not-assembled": { why: string };
  /** Execution was asked for, and there is nothing to begin with. */
  "copse/not-executed": { why: string };
  "copse/state-too-large": {
    root: string;
    blocks: number;
    bytes: number;
    limits: { readonly blocks: number; readonly bytes: number };
  };
  "copse/block-absent": { cid: string; file: string };
  "copse/output-exists": { file: string };
  /** A snapshot CAR does not begin as one of version 2 does. */
  "copse/snapshot-malformed": { file: string; why: string };
  /** There is none of what was asked for, anywhere. */
  "copse/absent": { what: string };
  /** No certificate of the file names the header's tipset; the last one is of `epoch`. */
  "copse/not-final": { header: string; height: number; file: string; epoch: number };
  /** A file that is had by HTTP did not come. */
  "copse/download-failed": { url: string; why: string };
};

const say: { [C in keyof NodeFacts]: (facts: NodeFacts[C]) => string } = {
  "copse/command-malformed": (f) => f.why,
  "copse/option-malformed": (f) => `${f.option}: "${f.value}" is not ${f.expected}`,
  "copse/config-malformed": (f) => `${f.file}: ${f.why}`,
  "copse/repo-missing": (f) => `no repository at ${f.repo}: run "copse node start --repo ${f.repo}" first`,
  "copse/repo-other-network": (f) => `${f.repo} holds ${f.found}, not ${f.expected}: choose another --repo`,
  "copse/import-empty": (f) => `${f.file} names no root: nothing to take as its head`,
  "copse/import-no-head": (f) => `${f.file}: block ${f.head}, which its head needs, is not in it`,
  "copse/no-peers": (f) => `no peer could serve the chain (${f.tried} tried): ${f.why}`,
  "copse/block-mismatch": (f) => `block ${f.block}: what ${f.peers} peer(s) sent for it does not hash to it`,
  "copse/chain-broken": (f) => `tipset ${f.tipset}: ${f.why}`,
  "copse/not-certified": (f) => `tipset ${f.tipset} is not on the chain that F3 finalized: ${f.why}`,
  "copse/chain-disagrees": (f) =>
    `F3 finalized ${f.tipset} at epoch ${f.height}, and this repository holds another chain (${f.why}): start with an empty --repo`,
  "copse/not-found": (f) => `${f.what} is not in this repository`,
  "copse/not-assembled": (f) => `not assembled: ${f.why}`,
  "copse/not-executed": (f) => `not executed: ${f.why}`,
  "copse/state-too-large": (f) =>
    `state ${f.root}: ${f.blocks} blocks with ${f.bytes} B are more than ${f.limits.blocks} blocks or ${f.limits.bytes} B`,
  "copse/block-absent": (f) => `block ${f.cid} is not in ${f.file}`,
  "copse/output-exists": (f) => `${f.file} is there already: choose another name, or give --force`,
  "copse/snapshot-malformed": (f) => `${f.file}: ${f.why}`,
  "copse/absent": (f) => `there is no ${f.what}`,
  "copse/not-final": (f) =>
    `header ${f.header} at height ${f.height} is in no tipset that the certificates of ${f.file} finalize, up to ${f.epoch}`,
  "copse/download-failed": (f) => `${f.url} did not come: ${f.why}`,
};

/** What stops the node or a command; its code decides the exit code. */
export class NodeError<C extends keyof NodeFacts = keyof NodeFacts> extends CopseError<C, NodeFacts[C]> {
  override readonly name = "NodeError";
  constructor(code: C, facts: NodeFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
