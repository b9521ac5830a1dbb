package io.budgetauthority.events;

import io.budgetauthority.BudgetConfig;
import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.notification.EventBridgeBus;
import io.budgetauthority.notification.Notifications;
import io.budgetauthority.notification.Thresholds;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.store.Policies;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Creates the objects that only the event functions need. A function does not create those that it
/// does not use.
final class EventWiring {

  /// Quarkus has no extension for this client. The SDK finds region, credentials and endpoint in
  /// the function's environment.
  @Produces
  @Singleton
  EventBridgeClient eventBridge() {
    return EventBridgeClient.builder().httpClientBuilder(ApacheHttpClient.builder()).build();
  }

  @Produces
  @Singleton
  DecisionsStream decisionsStream(
      AttributionTable table,
      Policies policies,
      DynamoDbClient dynamoDb,
      EventBridgeClient eventBridge,
      BudgetConfig config,
      EventsConfig events,
      Clock clock) {
    return new DecisionsStream(
        new AttributionStream(table, policies),
        new Notifications(
            new Thresholds(new Database(dynamoDb), config.attributionTable(), clock),
            new EventBridgeBus(eventBridge, events.eventBus())),
        clock);
  }

  @Produces
  @Singleton
  UnreadableRecords unreadableRecords(SqsClient sqs, EventsConfig events) {
    return new UnreadableRecords(sqs, events.eventsDeadQueueUrl());
  }
}
