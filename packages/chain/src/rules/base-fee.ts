import { type NetworkRules, upgradeHeight } from "@copse/types";

/** Unit: gas. The most the messages of one block may ask for together, and the amount the base fee steers for. */
export const blockGasLimit = 10_000_000_000n;
/** Unit: gas. */
export const blockGasTarget = 5_000_000_000n;
/** Unit: attoFIL per gas. The base fee never falls below it. */
export const minimumBaseFee = 100n;
/** Unit: attoFIL per gas. The base fee of genesis. */
export const initialBaseFee = 100_000_000n;

const maxChangeDenominator = 8n;
// FIP-0115: the premium at 80 % of one block's gas limit, counted from 0.
const percentileGasIndex = (blockGasLimit * 80n) / 100n - 1n;

/** Where the rule changed; see `baseFeeHeights`. All are compared with the height of the parent tipset. */
export interface BaseFeeHeights {
  /** Epochs strictly between these two have the minimum base fee: it ended the first gas war. */
  readonly breezeWindow: { readonly after: number; readonly before: number } | undefined;
  /** Past it, blocks are no longer expected to overlap. Negative: always so. */
  readonly smoke: number;
  /** From it on, premiums decide (FIP-0115). */
  readonly fireHorse: number;
}

/** The heights of a network. */
export function baseFeeHeights(network: NetworkRules): BaseFeeHeights {
  return {
    breezeWindow: network.breezeWindow,
    smoke: upgradeHeight(network, "Smoke"),
    fireHorse: upgradeHeight(network, "FireHorse"),
  };
}

/** What a message contributes; take messages in block order, BLS before secp. */
export interface PricedMessage {
  /** Binary CID as text (`cidKey`): the CID of the signed form for secp and delegated messages. */
  readonly id: string;
  /** Sender's address as text (`latin1` of its bytes), as it stands in the message: not resolved. */
  readonly from: string;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  readonly gasFeeCap: bigint;
  readonly gasPremium: bigint;
}

/** A tipset as the base fee of its children sees it. */
export interface PricedTipset {
  readonly height: number;
  /** Of the tipset's first block. Unit: attoFIL per gas. */
  readonly parentBaseFee: bigint;
  readonly blockCount: number;
  /** All messages of all blocks, in canonical order, duplicates included. */
  readonly messages: readonly PricedMessage[];
}

/**
 * The base fee a child of this tipset must name as `parentBaseFee`.
 *
 * @param heights - note that they are compared with the height of this tipset, not of the child
 * @returns unit: attoFIL per gas, at least {@link minimumBaseFee}
 * @see lotus:chain/store/basefee.go ComputeBaseFee, FIPs:fip-0115
 * @example
 * computeBaseFee({ height: 1, parentBaseFee: 100_000_000n, blockCount: 1, messages: [] }, heights) // => 87500000n
 */
export function computeBaseFee(tipset: PricedTipset, heights: BaseFeeHeights): bigint {
  const { breezeWindow: window } = heights;
  if (window !== undefined && tipset.height > window.after && tipset.height < window.before) return minimumBaseFee;
  if (tipset.height >= heights.fireHorse) {
    return nextBaseFeeFromPremium(tipset.parentBaseFee, percentilePremium(tipset));
  }
  const seen = new Set<string>();
  let total = 0n;
  for (const message of tipset.messages) {
    if (seen.has(message.id)) continue;
    seen.add(message.id);
    total += message.gasLimit;
  }
  return nextBaseFeeFromUtilization(tipset.parentBaseFee, total, tipset.blockCount, tipset.height > heights.smoke);
}

/**
 * The rule until FireHorse: follow how far the gas asked for lies from the target, by at most an eighth.
 *
 * @param afterSmoke - before Smoke blocks were expected to overlap by a fifth
 * @see lotus:chain/store/basefee.go ComputeNextBaseFee
 * @example
 * nextBaseFeeFromUtilization(100_000_000n, 20_000_000_000n, 2, true) // => 112500000n
 */
export function nextBaseFeeFromUtilization(
  baseFee: bigint,
  totalGasLimit: bigint,
  blockCount: number,
  afterSmoke: boolean,
): bigint {
  const blocks = BigInt(blockCount);
  let delta = (afterSmoke ? totalGasLimit / blocks : (5n * totalGasLimit) / (4n * blocks)) - blockGasTarget;
  if (delta > blockGasTarget) delta = blockGasTarget;
  if (delta < -blockGasTarget) delta = -blockGasTarget;
  const change = floorDiv(floorDiv(baseFee * delta, blockGasTarget), maxChangeDenominator);
  const next = baseFee + change;
  return next < minimumBaseFee ? minimumBaseFee : next;
}

/**
 * FIP-0115: move so that the premium at the percentile becomes an eighth of the base fee, by at most an eighth.
 *
 * @see lotus:chain/store/basefee.go nextBaseFeeFromPremium
 * @example
 * nextBaseFeeFromPremium(801n, 201n) // => 901n
 */
export function nextBaseFeeFromPremium(baseFee: bigint, premium: bigint): bigint {
  const most = (baseFee + maxChangeDenominator - 1n) / maxChangeDenominator;
  const step = premium - most < most ? premium - most : most;
  const next = baseFee + step;
  return next < minimumBaseFee ? minimumBaseFee : next;
}

/**
 * The effective premium of the message at the percentile of gas, dearest first; 0 when the messages ask for less.
 *
 * Messages count once per sender and nonce: the same transaction may be listed by several blocks.
 *
 * @see lotus:chain/store/basefee.go ComputeNextBaseFeeFromPremiums
 */
export function percentilePremium(tipset: PricedTipset): bigint {
  const seen = new Set<string>();
  const priced: WeightedPremium[] = [];
  for (const message of tipset.messages) {
    const key = `${message.nonce}/${message.from}`;
    if (seen.has(key)) continue;
    seen.add(key);
    priced.push({ premium: effectivePremium(message, tipset.parentBaseFee), gasLimit: message.gasLimit });
  }
  return premiumAtIndex(priced, percentileGasIndex);
}

/** A premium and the gas that pays it. */
export interface WeightedPremium {
  readonly premium: bigint;
  readonly gasLimit: bigint;
}

/**
 * The premium of the unit of gas at `index`, counting from the dearest; 0 past the end.
 *
 * @see lotus:chain/store/basefee.go WeightedQuickSelect
 * @example
 * premiumAtIndex([{ premium: 123n, gasLimit: 10n }], 9n) // => 123n
 */
export function premiumAtIndex(premiums: readonly WeightedPremium[], index: bigint): bigint {
  const sorted = premiums.toSorted((a, b) => (a.premium > b.premium ? -1 : a.premium < b.premium ? 1 : 0));
  let rest = index;
  for (const { premium, gasLimit } of sorted) {
    if (rest < gasLimit) return premium;
    rest -= gasLimit;
  }
  return 0n;
}

// What is left of the fee cap above the base fee bounds the premium; a cap below the base fee pays none.
function effectivePremium(message: PricedMessage, baseFee: bigint): bigint {
  const available = message.gasFeeCap > baseFee ? message.gasFeeCap - baseFee : 0n;
  return message.gasPremium <= available ? message.gasPremium : available;
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
