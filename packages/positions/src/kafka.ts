/**
 * The provider of positions in topics of Kafka.
 *
 * @module
 */

export type { KafkaCluster } from "./kafka/cluster.js";
export { type KafkaPositionsOptions, kafkaPositions } from "./kafka/kafka-positions.js";
export type { DefinedProvider } from "./kit/define-provider.js";
