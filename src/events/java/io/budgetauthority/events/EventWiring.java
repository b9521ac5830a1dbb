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

/// What the event functions alone are made of, beside what every build has. A bean that a function
/// does not use is never made there.
final class EventWiring {

  /// There is no extension for this client; region, credentials and endpoint are those that the SDK
  /// finds in a function's environment.
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
