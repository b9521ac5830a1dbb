package io.budgetauthority.events;

import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.notification.EventBridgeBus;
import io.budgetauthority.notification.Notifications;
import io.budgetauthority.notification.Thresholds;
import io.budgetauthority.tenant.Tenants;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
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
      Tenants tenants,
      DynamoDbClient dynamoDb,
      @ConfigProperty(name = "budget.attribution-table") String attributionTable,
      EventBridgeClient eventBridge,
      @ConfigProperty(name = "budget.event-bus") String bus,
      Clock clock) {
    return new DecisionsStream(
        new AttributionStream(table, tenants),
        new Notifications(
            new Thresholds(tenants, dynamoDb, attributionTable, clock),
            new EventBridgeBus(eventBridge, bus)),
        clock);
  }

  @Produces
  @Singleton
  UnreadableRecords unreadableRecords(
      SqsClient sqs,
      @ConfigProperty(name = "budget.events-dead-queue-url") Optional<String> queueUrl) {
    return new UnreadableRecords(sqs, queueUrl);
  }
}
