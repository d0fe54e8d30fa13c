/** The names of topics and groups: built here only. */

export interface TopicNames {
  readonly orders: string;
  readonly deadLetters: string;
}

export function topicNames(prefix: string): TopicNames {
  return { orders: `${prefix}orders`, deadLetters: `${prefix}orders.dlq` };
}

export function groupName(prefix: string, group: string): string {
  return `${prefix}${group}`;
}
