package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.transformers.v2.dynamodb.DynamodbAttributeValueTransformer;
import io.budgetauthority.ledger.scan.StreamRecord;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.storage.Attributes;
import jakarta.inject.Named;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Adds the decisions of the stream to attribution and sends their events, batch by batch. A record
/// that can never be read is sent to the dead-letter queue at once. Only if that fails is it
/// answered as a failure of its own. The other records are processed, and processing them again
/// adds nothing. Any other error fails the whole batch.
@Counted
@Named("attribution")
public class DecisionRecords implements RequestHandler<DynamodbEvent, StreamsEventResponse> {

  private static final Logger LOG = Logger.getLogger("budget.stream");

  private final DecisionsStream stream;
  private final UnreadableRecords dead;

  DecisionRecords(DecisionsStream stream, UnreadableRecords dead) {
    this.stream = stream;
    this.dead = dead;
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    List<DecisionsStream.Unreadable> unreadable =
        stream.consume(event.getRecords().stream().map(DecisionRecords::record).toList());
    return new StreamsEventResponse(
        unreadable.stream()
            .filter(it -> !isGivenUp(event, it))
            .map(it -> new StreamsEventResponse.BatchItemFailure(it.sequenceNumber()))
            .toList());
  }

  private boolean isGivenUp(DynamodbEvent event, DecisionsStream.Unreadable unreadable) {
    LOG.errorf(
        "record %s of the decisions' stream is left out: %s",
        unreadable.sequenceNumber(), unreadable.reason());
    return event.getRecords().stream()
        .filter(it -> it.getDynamodb().getSequenceNumber().equals(unreadable.sequenceNumber()))
        .allMatch(it -> dead.giveUp(it, unreadable.reason()));
  }

  private static StreamRecord record(DynamodbEvent.DynamodbStreamRecord record) {
    var change = record.getDynamodb();
    return new StreamRecord(
        change.getSequenceNumber(),
        change.getApproximateCreationDateTime().toInstant(),
        image(change.getOldImage()),
        image(change.getNewImage()));
  }

  private static Attributes image(
      @Nullable
          Map<String, com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue>
          image) {
    return image == null
        ? Attributes.NONE
        : Attributes.of(DynamodbAttributeValueTransformer.toAttributeValueMapV2(image));
  }
}
