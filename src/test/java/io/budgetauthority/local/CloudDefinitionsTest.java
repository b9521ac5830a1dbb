package io.budgetauthority.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.StreamViewType;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class CloudDefinitionsTest {

  private final CloudDefinitions definitions = CloudDefinitions.read();

  @Test
  void whenDefinitionsAreRead_namesHaveTheDefaultPrefix() {
    assertEquals("budget-authority-ledger", definitions.ledgerTable().create().tableName());
    assertEquals("budget-authority-decisions", definitions.decisionsTable().create().tableName());
    assertEquals(
        "budget-authority-prices-000000000000-us-east-1", definitions.pricesBucket().name());
    assertEquals("budget-authority-usage", definitions.usageQueue().queueName());
  }

  @Test
  void whenDefinitionsAreRead_decisionsHaveStreamAndTimeToLive() {
    CloudDefinitions.Table decisions = definitions.decisionsTable();

    assertEquals(
        StreamViewType.NEW_AND_OLD_IMAGES,
        decisions.create().streamSpecification().streamViewType());
    assertEquals(
        "ttl", decisions.timeToLive().orElseThrow().timeToLiveSpecification().attributeName());
  }

  @Test
  void whenATableIsDefined_itIsProtectedFromDeletion() {
    definitions
        .tables()
        .values()
        .forEach(
            table -> {
              CreateTableRequest create = table.create();
              assertTrue(create.deletionProtectionEnabled(), create.tableName());
              // Without a key of the account's own DynamoDB's encrypts, which is no property.
              assertNull(create.sseSpecification(), create.tableName());
            });
  }

  @Test
  void whenAQueueHasADeadLetterQueue_thatOneIsMadeFirst() {
    assertEquals(
        List.of("UsageDeadQueue", "EventsDeadQueue", "UsageQueue"),
        List.copyOf(definitions.queues().keySet()));
    assertEquals(
        "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:budget-authority-usage-dead\","
            + "\"maxReceiveCount\":5}",
        definitions.usageQueue().attributes().get(QueueAttributeName.REDRIVE_POLICY));
  }
}
