/** What this package counts. `label` values are few and fixed: a protocol, a verdict, a fault. */
export const networkCounters: {
  readonly [Name in NetworkCounter]: { readonly help: string; readonly label?: string };
} = {
  copse_network_hellos_total: { help: "Hello exchanges, by outcome", label: "outcome" },
  copse_network_exchange_requests_total: { help: "Chain exchange requests we made, by outcome", label: "outcome" },
  copse_network_exchange_served_total: { help: "Chain exchange requests we answered, by status", label: "status" },
  copse_network_certificate_requests_total: { help: "Requests for certificates we made, by outcome", label: "outcome" },
  copse_network_certificate_answers_total: {
    help: "Requests for certificates we answered, by outcome",
    label: "outcome",
  },
  copse_network_received_bytes_total: { help: "Bytes of answers received, by protocol", label: "protocol" },
  copse_network_sent_bytes_total: { help: "Bytes of answers sent, by protocol", label: "protocol" },
  copse_network_gossip_verdicts_total: { help: "Verdicts on gossip, by topic and verdict", label: "verdict" },
  copse_network_bitswap_blocks_total: { help: "Bitswap blocks, by direction or rejection", label: "what" },
  copse_network_dials_total: { help: "Dials, by outcome", label: "outcome" },
  copse_network_bans_total: { help: "Peers banned, by fault", label: "fault" },
};

/** Names of {@link networkCounters}. */
export type NetworkCounter =
  | "copse_network_hellos_total"
  | "copse_network_exchange_requests_total"
  | "copse_network_exchange_served_total"
  | "copse_network_certificate_requests_total"
  | "copse_network_certificate_answers_total"
  | "copse_network_received_bytes_total"
  | "copse_network_sent_bytes_total"
  | "copse_network_gossip_verdicts_total"
  | "copse_network_bitswap_blocks_total"
  | "copse_network_dials_total"
  | "copse_network_bans_total";

/** Where counts go; the app makes one over its metrics registry. */
export interface NetworkMetrics {
  count(name: NetworkCounter, by: number, label?: string): void;
}

/** Counts nothing. */
export const noMetrics: NetworkMetrics = { count: () => {} };

/** Where this package tells what it does; the app makes one over its logger. */
export type NetworkLog = (
  level: "debug" | "info" | "warn",
  event: string,
  facts: Readonly<Record<string, unknown>>,
) => void;

/** Says nothing. */
export const noLog: NetworkLog = () => {};
