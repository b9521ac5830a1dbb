package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.transformers.v2.dynamodb.DynamodbAttributeValueTransformer;
import io.budgetauthority.ledger.StreamRecord;
import io.budgetauthority.notification.DecisionsStream;
import jakarta.inject.Named;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Adds up the stream of decisions and sends its events, batch by batch. A record that can never be
/// read is answered as a failure of its own: the others are done, and adding them again adds
/// nothing. Anything else that goes wrong is the whole batch's failure.
@Counted
@Named("attribution")
public class DecisionRecords implements RequestHandler<DynamodbEvent, StreamsEventResponse> {

  private static final Logger LOG = Logger.getLogger("budget.stream");

  private final DecisionsStream stream;

  DecisionRecords(DecisionsStream stream) {
    this.stream = stream;
  }

  @Override
  public StreamsEventResponse handleRequest(DynamodbEvent event, Context context) {
    List<DecisionsStream.Unreadable> unreadable =
        stream.consume(event.getRecords().stream().map(DecisionRecords::record).toList());
    unreadable.forEach(
        it ->
            LOG.errorf(
                "record %s of the decisions' stream is left out: %s",
                it.sequenceNumber(), it.reason()));
    return new StreamsEventResponse(
        unreadable.stream()
            .map(it -> new StreamsEventResponse.BatchItemFailure(it.sequenceNumber()))
            .toList());
  }

  private static StreamRecord record(DynamodbEvent.DynamodbStreamRecord record) {
    var change = record.getDynamodb();
    return new StreamRecord(
        change.getSequenceNumber(),
        change.getApproximateCreationDateTime().toInstant(),
        image(change.getOldImage()),
        image(change.getNewImage()));
  }

  private static Map<String, AttributeValue> image(
      @Nullable
          Map<String, com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue>
          image) {
    return image == null
        ? Map.of()
        : DynamodbAttributeValueTransformer.toAttributeValueMapV2(image);
  }
}
