import { CopseError } from "@copse/primitives";

/**
 * What a failed exchange says about the peer, for whoever scores it.
 *
 * `lie`: well-formed and false, on purpose or by a broken node (more than asked, an empty answer called complete).
 * `garbage`: bytes that are no message of the protocol, or more of them than it allows.
 * `stall`: nothing, or too little, in the time given. `refused`: the peer said no. `gone`: the connection ended.
 */
export type Fault = "lie" | "garbage" | "stall" | "refused" | "gone";

/** Facts of each code that talking to peers may throw. */
export type NetworkFacts = {
  /** Bytes of a peer that are not the message they should be. */
  "network/message-malformed": { protocol: string; what: string; reason: string };
  /** A peer sent more bytes than the protocol, or our budget, allows. */
  "network/message-too-long": { protocol: string; received: number; limit: number };
  /** The stream ended with less than one whole message. */
  "network/message-cut": { protocol: string; received: number };
  /** Nothing (more) came in the time given. */
  "network/answer-late": { protocol: string; received: number; waitedMs: number };
  /** Bytes came, but slower than the floor. */
  "network/answer-slow": { protocol: string; received: number; bytesPerSecond: number; floor: number };
  /** An answer with more tipsets than asked for. */
  "network/more-than-asked": { asked: number; got: number };
  /** An answer with fewer tipsets than asked for that claims to be complete, or with none. */
  "network/less-than-claimed": { asked: number; got: number; status: number };
  /** A certificate of another instance than the one that follows. */
  "network/certificate-out-of-order": { asked: number; got: number };
  /** Include lists that do not fit the blocks or messages beside them. */
  "network/includes-malformed": { tipset: number; reason: string };
  /** The peer answered with a status other than OK and Partial. */
  "network/refused": { protocol: string; status: number; reason: string };
  /** The peer's head does not begin in our genesis. `theirs` and `ours` are CIDs in hex. */
  "network/genesis-mismatch": { theirs: string; ours: string };
  /** The peer does not speak the protocol. */
  "network/protocol-missing": { peer: string; protocol: string };
  /** The connection is not there, or ended on the way. */
  "network/peer-gone": { peer: string; protocol: string; reason: string };
  /** Data that a peer sent for a CID does not hash to it, or no CID we know can be made of it. */
  "network/block-mismatch": { peer: string; reason: string };
  /** No peer gave the block. Of those asked, `refused` said that they lack it; the others did not answer. `cid` in hex. */
  "network/block-not-found": { cid: string; asked: number; refused: number };
  /** The caller asked for something the protocol cannot say. */
  "network/ask-out-of-range": { what: string; value: number; limit: number };
  /** Text or bytes that are no private key. */
  "network/key-malformed": { length: number };
  /** Text that is no address, or one that names nobody. */
  "network/address-malformed": { address: string; reason: string };
  /** An address was dialled in vain. */
  "network/dial-failed": { address: string; reason: string };
  /** The host is not running. */
  "network/host-not-running": { state: string };
  /** The host cannot listen where it was told to. */
  "network/listen-failed": { listen: string; reason: string };
  /** Start without the protocols that peers demand. */
  "network/protocol-unregistered": { protocol: string };
  /** A gossip payload of ours past the limit of the topic. */
  "network/publish-too-long": { topic: string; length: number; limit: number };
  /** Our own gossip payload was not taken by the router. */
  "network/publish-failed": { topic: string; reason: string };
  /** Our own pool of running requests is full. */
  "network/too-many-requests": { protocol: string; limit: number };
};

const say: { [Code in keyof NetworkFacts]: (facts: NetworkFacts[Code]) => string } = {
  "network/message-malformed": (f) => `${f.protocol}: ${f.what} is malformed: ${f.reason}`,
  "network/message-too-long": (f) => `${f.protocol}: ${f.received} B came, limit ${f.limit} B`,
  "network/message-cut": (f) => `${f.protocol}: the stream ended inside a message, after ${f.received} B`,
  "network/answer-late": (f) => `${f.protocol}: no end after ${f.waitedMs} ms and ${f.received} B`,
  "network/answer-slow": (f) =>
    `${f.protocol}: ${f.bytesPerSecond} B/s after ${f.received} B, at least ${f.floor} B/s is asked for`,
  "network/more-than-asked": (f) => `${f.got} tipsets came where ${f.asked} were asked for`,
  "network/less-than-claimed": (f) => `status ${f.status} with ${f.got} tipsets where ${f.asked} were asked for`,
  "network/certificate-out-of-order": (f) => `the certificate of instance ${f.got} came where ${f.asked} follows`,
  "network/includes-malformed": (f) => `messages of tipset ${f.tipset} of the answer: ${f.reason}`,
  "network/refused": (f) => `${f.protocol}: refused with status ${f.status}: ${f.reason}`,
  "network/genesis-mismatch": (f) => `the peer's genesis is ${f.theirs}, ours is ${f.ours}`,
  "network/protocol-missing": (f) => `${f.peer} does not speak ${f.protocol}`,
  "network/peer-gone": (f) => `${f.peer} is gone (${f.protocol}): ${f.reason}`,
  "network/block-mismatch": (f) => `${f.peer} sent a block that is not what it claims: ${f.reason}`,
  "network/block-not-found": (f) =>
    `block ${f.cid} came from none of ${f.asked} peers, of which ${f.refused} say that they lack it`,
  "network/ask-out-of-range": (f) => `${f.what} is ${f.value}, limit ${f.limit}`,
  "network/key-malformed": (f) => `${f.length} B are no private key`,
  "network/address-malformed": (f) => `"${f.address}" is no address to dial: ${f.reason}`,
  "network/dial-failed": (f) => `could not reach ${f.address}: ${f.reason}`,
  "network/host-not-running": (f) => `the host is ${f.state}`,
  "network/listen-failed": (f) => `could not listen on ${f.listen}: ${f.reason}`,
  "network/protocol-unregistered": (f) => `register ${f.protocol} before start: peers drop a node without it`,
  "network/publish-too-long": (f) => `${f.length} B for ${f.topic}, limit ${f.limit} B`,
  "network/publish-failed": (f) => `not published on ${f.topic}: ${f.reason}`,
  "network/too-many-requests": (f) => `${f.protocol}: ${f.limit} requests are running already`,
};

const faults: { readonly [Code in keyof NetworkFacts]?: Fault } = {
  "network/message-malformed": "garbage",
  "network/message-too-long": "garbage",
  "network/message-cut": "garbage",
  "network/includes-malformed": "garbage",
  "network/more-than-asked": "lie",
  "network/less-than-claimed": "lie",
  "network/certificate-out-of-order": "lie",
  "network/genesis-mismatch": "lie",
  "network/block-mismatch": "lie",
  "network/answer-late": "stall",
  "network/answer-slow": "stall",
  "network/refused": "refused",
  "network/protocol-missing": "refused",
  "network/peer-gone": "gone",
  "network/dial-failed": "gone",
};

/**
 * Trouble with a peer, or with what the caller asked of the network.
 *
 * @example
 * const error = new NetworkError("network/more-than-asked", { asked: 5, got: 6 });
 * error.fault // => "lie"
 */
export class NetworkError<Code extends keyof NetworkFacts = keyof NetworkFacts> extends CopseError<
  Code,
  NetworkFacts[Code]
> {
  override readonly name = "NetworkError";
  /** What it says about the peer; undefined where no peer is to blame. */
  readonly fault: Fault | undefined;

  constructor(code: Code, facts: NetworkFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
    this.fault = faults[code];
  }
}

/**
 * What any error thrown by this package says about the peer, if anything.
 *
 * @example
 * faultOf(new NetworkError("network/answer-late", { protocol: "/x", received: 0, waitedMs: 5 })) // => "stall"
 */
export function faultOf(error: unknown): Fault | undefined {
  return error instanceof NetworkError ? error.fault : undefined;
}

/** The sentence of any thrown value, for facts that keep a reason. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
