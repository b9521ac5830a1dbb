package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.StreamViewType;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class CloudDefinitionsTest {

  private final CloudDefinitions definitions = CloudDefinitions.read();

  @Test
  void whenDefinitionsAreRead_namesHaveTheDefaultPrefix() {
    assertThat(definitions.ledgerTable().create().tableName()).isEqualTo("budget-authority-ledger");
    assertThat(definitions.decisionsTable().create().tableName())
        .isEqualTo("budget-authority-decisions");
    assertThat(definitions.pricesBucket().name())
        .isEqualTo("budget-authority-prices-000000000000-us-east-1");
    assertThat(definitions.usageQueue().queueName()).isEqualTo("budget-authority-usage");
  }

  @Test
  void whenDefinitionsAreRead_decisionsHaveStreamAndTimeToLive() {
    CloudDefinitions.Table decisions = definitions.decisionsTable();

    assertThat(decisions.create().streamSpecification().streamViewType())
        .isEqualTo(StreamViewType.NEW_AND_OLD_IMAGES);
    assertThat(decisions.timeToLive().orElseThrow().timeToLiveSpecification().attributeName())
        .isEqualTo("ttl");
  }

  @Test
  void whenATableIsDefined_itIsProtectedFromDeletion() {
    definitions
        .tables()
        .values()
        .forEach(
            table -> {
              CreateTableRequest create = table.create();
              assertThat(create.deletionProtectionEnabled()).as(create.tableName()).isTrue();
              // Without a key of the account's own DynamoDB's encrypts, which is no property.
              assertThat(create.sseSpecification()).as(create.tableName()).isNull();
            });
  }

  @Test
  void whenAQueueHasADeadLetterQueue_thatOneIsMadeFirst() {
    assertThat(List.copyOf(definitions.queues().keySet()))
        .isEqualTo(List.of("UsageDeadQueue", "EventsDeadQueue", "UsageQueue"));
    assertThat(definitions.usageQueue().attributes().get(QueueAttributeName.REDRIVE_POLICY))
        .isEqualTo(
            "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:budget-authority-usage-dead\","
                + "\"maxReceiveCount\":5}");
  }
}
