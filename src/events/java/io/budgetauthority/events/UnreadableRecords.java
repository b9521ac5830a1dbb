package io.budgetauthority.events;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/// Sends a record of the decisions' stream that can never be read to the dead-letter queue of
/// events. The letter says which record and which decision it is, and why. If the record were
/// answered as a failure, every retry would deliver it again and delay the records after it.
public class UnreadableRecords {

  /// The attribute of a message that has the reason, as in the dead letters of the usage queue.
  static final String REASON = "reason";

  private static final Logger LOG = Logger.getLogger("budget.stream");

  private final SqsClient sqs;
  private final Optional<String> queueUrl;

  /// @param queueUrl the dead-letter queue; if it is empty, no record can be sent there
  UnreadableRecords(SqsClient sqs, Optional<String> queueUrl) {
    this.sqs = sqs;
    this.queueUrl = queueUrl;
  }

  /// Sends a record to the dead-letter queue.
  ///
  /// @return whether the queue has it; if not, the record must be answered as a failure
  boolean giveUp(DynamodbStreamRecord record, String reason) {
    if (queueUrl.isEmpty()) {
      LOG.error("budget.events-dead-queue-url is not set, so that no record can be given up");
      return false;
    }
    try {
      sqs.sendMessage(
          it ->
              it.queueUrl(queueUrl.get())
                  .messageBody(letter(record, reason))
                  .messageAttributes(
                      Map.of(
                          REASON,
                          MessageAttributeValue.builder()
                              .dataType("String")
                              .stringValue(reason.isEmpty() ? "unreadable" : reason)
                              .build())));
      return true;
    } catch (SdkException e) {
      LOG.errorf(e, "record %s cannot be given up", record.getDynamodb().getSequenceNumber());
      return false;
    }
  }

  private static String letter(DynamodbStreamRecord record, String reason) {
    ObjectNode letter = JsonNodeFactory.instance.objectNode();
    letter.put(REASON, reason);
    letter.put("stream", record.getEventSourceARN());
    letter.put("sequence_number", record.getDynamodb().getSequenceNumber());
    letter.put("event", record.getEventName());
    letter.put(
        "at", String.valueOf(record.getDynamodb().getApproximateCreationDateTime().toInstant()));
    ObjectNode key = letter.putObject("key");
    if (record.getDynamodb().getKeys() != null) {
      record.getDynamodb().getKeys().forEach((name, value) -> key.put(name, value.getS()));
    }
    return letter.toString();
  }
}
