import { abortFault } from "@copse/primitives";
import { defaultLogger } from "@libp2p/logger";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { dnsaddrResolver } from "libp2p";
import { NetworkError, reasonOf } from "./errors.ts";

/** A `/dnsaddr` record may name others; the network's go two deep. */
const maxDepth = 4;
const log = defaultLogger().forComponent("copse:network:dnsaddr");
/** The records of one `/dnsaddr` name. */
export type AddressLookup = (name: Multiaddr, signal?: AbortSignal) => Promise<readonly Multiaddr[]>;

const inDns: AddressLookup = (name, signal) =>
  dnsaddrResolver.resolve(name, { log, ...(signal === undefined ? {} : { signal }) });
/** Most addresses that one name may give. */
const maxAddresses = 128;

/**
 * The addresses behind one: `/dnsaddr/host` is looked up in DNS (TXT of `_dnsaddr.host`), records that name further
 * hosts too; any other multiaddr is itself.
 *
 * Bound: 4 levels, 128 addresses. Records that do not parse are passed over.
 *
 * @throws {NetworkError} `network/address-malformed`, also when nothing is behind the name
 * @throws {HostFault} `host/aborted`
 * @see multiformats/multiaddr protocols/DNSADDR.md
 */
export async function resolveAddresses(
  address: string,
  signal?: AbortSignal,
  lookUp: AddressLookup = inDns,
): Promise<readonly string[]> {
  let start: Multiaddr;
  try {
    start = multiaddr(address);
  } catch (cause) {
    throw new NetworkError("network/address-malformed", { address, reason: reasonOf(cause) }, { cause });
  }
  const found = new Set<string>();
  let level: readonly Multiaddr[] = [start];
  let reason = "no record";
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
    const names: Multiaddr[] = [];
    for (const item of level) {
      if (item.getComponents().some(({ name }) => name === "dnsaddr")) names.push(item);
      else if (found.size < maxAddresses) found.add(item.toString());
    }
    const answers = await Promise.allSettled(names.slice(0, maxAddresses).map((name) => lookUp(name, signal)));
    if (signal?.aborted) throw abortFault(signal);
    level = answers.flatMap((answer) => {
      if (answer.status === "fulfilled") return answer.value;
      reason = reasonOf(answer.reason);
      return [];
    });
  }
  if (found.size === 0) throw new NetworkError("network/address-malformed", { address, reason });
  return [...found];
}

/** The peer id at the end of an address, if it names one. */
export function peerOf(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1];
}
