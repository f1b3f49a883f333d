/**
 * What linking needs of a header, as numbers and offsets into its bytes. `xAt` is the first byte, `xEnd` the one after
 * the last; both are -1 where the header holds null.
 */
export interface HeaderSkim {
  /** The header's bytes, not copied. */
  readonly bytes: Uint8Array;
  readonly height: number;
  /** Unit: seconds since 1970. */
  readonly timestamp: number;
  readonly parentWeight: bigint;
  /** -1 without an election proof. */
  readonly winCount: number;
  /** The miner's address bytes. */
  readonly minerAt: number;
  readonly minerEnd: number;
  /** The ticket's VRF proof. */
  readonly ticketAt: number;
  readonly ticketEnd: number;
  /** The whole list of beacon entries, as CBOR. */
  readonly beaconsAt: number;
  readonly beaconsEnd: number;
  /** Round of the last beacon entry, and its signature; -1 without entries. */
  readonly lastRound: number;
  readonly lastSignatureAt: number;
  readonly lastSignatureEnd: number;
  /** The list of parents, as CBOR; fields 5 to 9, which all blocks of a tipset share, reach to `sharedEnd`. */
  readonly parentsAt: number;
  readonly parentsEnd: number;
  readonly parentCount: number;
  readonly sharedEnd: number;
  /** The CID of the block's MsgMeta, 38 B on the chain. */
  readonly messagesAt: number;
  readonly messagesEnd: number;
  /** The base fee, as CBOR. */
  readonly baseFeeAt: number;
  readonly baseFeeEnd: number;
  /** True when ticket, election proof, BLS aggregate and block signature are all there. */
  readonly complete: boolean;
  /** True when encoding what was read gives the same bytes. */
  readonly canonical: boolean;
}
