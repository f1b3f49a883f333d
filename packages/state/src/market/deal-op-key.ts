import type { CID } from "multiformats/cid";
import type { MarketState } from "./market-state.ts";

/**
 * Codes of the market of actors v13, of every network: its state looks like that of v14, and its keys do not.
 *
 * @see lotus:build/builtin_actors_gen.go
 */
const codesV13: ReadonlySet<string> = new Set([
  "bafk2bzacebjtoltdviyznpj34hh5qp6u257jnnbjole5rhqfixm7ug3epvrfu", // mainnet
  "bafk2bzaceabolct6qdnefwcrtati2us3sxtxfghyqk6aamfhl6byyefmtssqi", // calibrationnet
  "bafk2bzaced3zmxsmlhp2nsiwkxcp2ugonbsebcd53t7htzo2jcoidvu464xmm", // butterflynet
  "bafk2bzaceadfmay7pyl7osjsdmrireafasnjnoziacljy5ewrcsxpp56kzqbw", // caterpillarnet
  "bafk2bzaceaw6dslv6pfqha4ynghq2imij5khnnjrie22kmfgtpie3bvxho6jq", // devnet
  "bafk2bzacecgj53dwqla7eiubs2uiza7cgxkxtefxkfpjontj5jxefl3a4i2nq", // testing, testing-fake-proofs
]);

/**
 * The key of `dealOps` under which the market looks for the deals of an epoch: the epoch in actors v8 to v13, twice the
 * epoch since v14, which writes it as a signed number.
 *
 * Keys that v13 left in a state of v14 or later stand for other epochs now, for that is how its actor reads them: it comes
 * upon the set that v13 put under 10,000,000 at epoch 5,000,000, and never upon one under a key that is odd.
 *
 * @param code - of the market actor. One of v13 that nobody has published is taken for v14's
 * @param epoch - bound: 0 to 2^63 - 1
 * @see builtin-actors:runtime/src/util/set_multimap.rs, and the same of v13.0.0
 * @example
 * const deals = runSync(dealsAt(market, dealOpKey(market, code, 4_500_000n)), store);
 */
export function dealOpKey(market: MarketState, code: CID, epoch: bigint): bigint {
  const isUnsigned = market.providerSectors === undefined || codesV13.has(code.toString());
  return isUnsigned ? epoch : 2n * epoch;
}
