import type { PluginConfig, SeaTunnelJob } from "./job.js";
import { hasBound } from "./template.js";

/**
 * Determines, from a sink's configuration with unfilled placeholders, the effect of a second job of the same
 * interval: it replaces the interval's rows, or those of the same keys; a text says why it appends and what would make
 * it replace.
 */
export type SinkRule = (
  sink: PluginConfig,
  job: SeaTunnelJob,
) => "replaces" | "upserts" | { readonly appends: string };

const REPLACES: SinkRule = () => "replaces";
const QUEUE: SinkRule = () => ({ appends: "messages cannot be taken back" });

/** Rules of sinks by lower-case plugin name. */
export const SINK_RULES: Readonly<Record<string, SinkRule>> = {
  assert: REPLACES,
  console: REPLACES,
  ...named(["LocalFile", "HdfsFile", "S3File", "OssFile", "OssJindoFile", "CosFile", "ObsFile"], files),
  ...named(["FtpFile", "SftpFile"], files),
  jdbc,
  ...named(["Elasticsearch", "Easysearch"], withKeys("primary_keys")),
  mongodb,
  redis: (sink) =>
    sink.data_type === "list" ? { appends: "lists grow; another data_type replaces" } : "upserts",
  ...named(["Kafka", "Pulsar", "RocketMQ", "RabbitMQ", "ActiveMQ", "AmazonSqs"], QUEUE),
  ...named(["Socket", "Http", "Email", "DingTalk", "Feishu", "WeChat", "Slack"], QUEUE),
};

function named(names: readonly string[], rule: SinkRule): Record<string, SinkRule> {
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), rule]));
}

/**
 * A file named after its interval replaces the previous one; a file named after its job does not. Two writers
 * of one name would lose each other's rows.
 */
function files(sink: PluginConfig, job: SeaTunnelJob): ReturnType<SinkRule> {
  const { custom_filename, is_enable_transaction, file_name_expression: name = "", path = "" } = sink;
  const isFixed = custom_filename === true && is_enable_transaction === false && !String(name).includes("$");
  if (!isFixed || !hasBound([name, path])) {
    return {
      appends:
        "each job writes files of new names; give custom_filename: true, is_enable_transaction: false and a " +
        "file_name_expression with a placeholder of the interval, such as part-{{lower.epochMs}}, and none of SeaTunnel's variables",
    };
  }
  const writers = [job.env ?? {}, ...job.source, ...(job.transform ?? []), sink];
  if (writers.every(({ parallelism = 1 }) => parallelism === 1)) return "replaces";
  return { appends: "files of an interval's own name need parallelism 1" };
}

function jdbc(sink: PluginConfig): ReturnType<SinkRule> {
  const cleansUp = sink.data_save_mode === "CUSTOM_PROCESSING" && hasBound(sink.custom_sql ?? null);
  const upserts = isFilledList(sink.primary_keys) && sink.enable_upsert !== false;
  if (upserts) return "upserts";
  if (cleansUp) return "replaces";
  return {
    appends:
      "rows are inserted; give primary_keys, or data_save_mode: CUSTOM_PROCESSING with a custom_sql that deletes the " +
      "interval's rows by its placeholders",
  };
}

function mongodb(sink: PluginConfig): ReturnType<SinkRule> {
  const upserts = sink["upsert-enable"] === true && isFilledList(sink["primary-key"]);
  return upserts
    ? "upserts"
    : { appends: "documents are inserted; give upsert-enable: true and primary-key" };
}

function withKeys(option: string): SinkRule {
  return (sink) =>
    isFilledList(sink[option]) ? "upserts" : { appends: `documents are added; give ${option}` };
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
