/** The request that writes record batches (Produce, version 9: Kafka 2.8 and newer). The library
 * has it too, but takes messages; ours are encoded already. */
import { createAPI, produceV9, Writer } from "@platformatic/kafka";

/** A record batch and where it goes. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

const produceKey = 0;
const version = 9;
/** Every replica in sync has it. */
const acksAll = -1;

export const produce = createAPI<
  [batches: readonly PartitionBatch[], timeoutMs: number],
  produceV9.ProduceResponse
>(produceKey, version, createRequest, produceV9.parseResponse);

function createRequest(batches: readonly PartitionBatch[], timeoutMs: number): Writer {
  const topics = [...Map.groupBy(batches, ({ topic }) => topic)];
  return Writer.create()
    .appendString(null)
    .appendInt16(acksAll)
    .appendInt32(timeoutMs)
    .appendArray(topics, (writer, [topic, ofTopic]) => {
      writer.appendString(topic).appendArray(ofTopic, (w, { partition, bytes }) => {
        w.appendInt32(partition)
          .appendUnsignedVarInt(bytes.length + 1)
          .append(bytes);
      });
    })
    .appendTaggedFields();
}
