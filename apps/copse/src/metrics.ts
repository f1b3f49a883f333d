import { type NetworkMetrics, networkCounters } from "@copse/network";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** Every metric of the node; names end in their unit. */
export interface NodeMetrics {
  readonly registry: Registry;
  readonly network: NetworkMetrics;
  /** Height of the head, of the lowest linked tipset, and of the target. */
  readonly heights: Gauge<"what">;
  /** Tipsets that passed a stage. */
  readonly tipsets: Counter<"stage">;
  readonly peers: Gauge;
  /** Peers dropped for what they sent. */
  readonly liars: Counter;
  /** Tipsets executed, gas of their messages, and time the machine took; what divides them is for who reads them. */
  readonly execution: { readonly tipsets: Counter; readonly gas: Counter; readonly seconds: Counter };
}

/**
 * A registry of its own, so that several nodes live in one process.
 *
 * @example
 * createMetrics().registry.metrics() // the text that Prometheus reads
 */
export function createMetrics(options: { process: boolean }): NodeMetrics {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counters = new Map(
    Object.entries(networkCounters).map(([name, { help, label }]) => [
      name,
      { counter: new Counter({ name, help, labelNames: label === undefined ? [] : [label], registers }), label },
    ]),
  );
  return {
    registry,
    network: {
      count(name, by, value) {
        const found = counters.get(name);
        if (found?.label === undefined || value === undefined) found?.counter.inc(by);
        else found.counter.inc({ [found.label]: value }, by);
      },
    },
    heights: new Gauge({
      name: "copse_chain_height_epochs",
      help: "Epochs, by what stands there",
      labelNames: ["what"],
      registers,
    }),
    tipsets: new Counter({
      name: "copse_sync_tipsets_total",
      help: "Tipsets that passed a stage",
      labelNames: ["stage"],
      registers,
    }),
    peers: new Gauge({ name: "copse_network_peers", help: "Peers connected and identified", registers }),
    execution: {
      tipsets: new Counter({ name: "copse_execution_tipsets_total", help: "Tipsets executed", registers }),
      gas: new Counter({ name: "copse_execution_gas_total", help: "Gas used by executed messages", registers }),
      seconds: new Counter({
        name: "copse_execution_seconds_total",
        help: "Time the machine took to execute tipsets",
        registers,
      }),
    },
    liars: new Counter({ name: "copse_sync_liars_total", help: "Peers dropped for what they sent", registers }),
  };
}
