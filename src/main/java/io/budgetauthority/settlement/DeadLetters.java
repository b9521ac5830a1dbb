package io.budgetauthority.settlement;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// Reads the messages of the usage queue that could not be processed, and sends them again once
/// their cause is corrected (protocol.md#dead-letters). Sending one twice is safe, as with every
/// message. Safe for use by many threads.
public final class DeadLetters {

  private static final int BATCH = 10;

  /// How long SQS looks for messages before it answers that there is none. Without a wait it asks
  /// only some of its servers, and an empty answer does not mean an empty queue.
  private static final int WAIT_SECONDS = 1;

  private static final int HIDDEN_SECONDS_A_BATCH = 2;
  private static final int MAX_HIDDEN_SECONDS = 300;

  private final SqsClient sqs;
  private final String queueUrl;
  private final String deadQueueUrl;

  /// @param queueUrl the usage queue; empty where the deployment has none
  /// @param deadQueueUrl its dead-letter queue; empty where the deployment has none
  public DeadLetters(SqsClient sqs, String queueUrl, String deadQueueUrl) {
    this.sqs = sqs;
    this.queueUrl = queueUrl;
    this.deadQueueUrl = deadQueueUrl;
  }

  /// Whether the deployment has both queues. Without them no other method may be called.
  public boolean exist() {
    return !queueUrl.isEmpty() && !deadQueueUrl.isEmpty();
  }

  /// A dead letter.
  ///
  /// @param reason why it could not be processed; that its receives were spent, where the queue
  ///   itself gave it up
  /// @param sentAt when it arrived in the dead-letter queue, in milliseconds since the epoch
  public record Letter(String messageId, String reason, long sentAt, String body) {}

  /// The letters that one pass over the queue found.
  ///
  /// @param complete false where the queue may have others: the pass stopped at its maximum, or
  ///   another reader holds letters at this time
  public record Found(List<Letter> letters, boolean complete) {
    public Found {
      letters = List.copyOf(letters);
    }
  }

  /// What a pass received, hidden from other readers until it is left or deleted.
  private record Pass(List<Message> messages, boolean complete) {}

  /// Reads letters and leaves them in the queue.
  ///
  /// @param most how many letters are read at most
  public Found read(int most) {
    Pass pass = receive(most);
    leave(pass.messages());
    return new Found(pass.messages().stream().map(DeadLetters::letter).toList(), pass.complete());
  }

  /// Sends the wanted letters to the usage queue again. Letters that come back meanwhile, because
  /// their cause was not corrected, are not among them.
  ///
  /// @param most how many letters are read at most
  /// @return those that were sent, and whether every letter of the queue was read
  public Found redrive(int most, Predicate<Letter> wanted) {
    Pass pass = receive(most);
    List<Letter> sent = new ArrayList<>();
    List<Message> kept = new ArrayList<>(pass.messages());
    try {
      for (Message message : pass.messages()) {
        Letter letter = letter(message);
        if (wanted.test(letter)) {
          sqs.sendMessage(it -> it.queueUrl(queueUrl).messageBody(message.body()));
          sqs.deleteMessage(it -> it.queueUrl(deadQueueUrl).receiptHandle(message.receiptHandle()));
          kept.remove(message);
          sent.add(letter);
        }
      }
    } finally {
      leave(kept);
    }
    return new Found(sent, pass.complete());
  }

  private Pass receive(int most) {
    int hiddenSeconds = Math.min(MAX_HIDDEN_SECONDS, most / BATCH * HIDDEN_SECONDS_A_BATCH + 20);
    List<Message> messages = new ArrayList<>();
    while (messages.size() < most) {
      List<Message> batch = receive(Math.min(BATCH, most - messages.size()), hiddenSeconds);
      if (batch.isEmpty()) {
        return new Pass(messages, isAll(messages.size()));
      }
      messages.addAll(batch);
    }
    return new Pass(messages, false);
  }

  /// Whether a pass that received so many letters has all of the queue, as SQS counts: none is left
  /// for others, and no other reader holds one.
  private boolean isAll(int received) {
    Map<QueueAttributeName, String> counts =
        sqs.getQueueAttributes(
                it ->
                    it.queueUrl(deadQueueUrl)
                        .attributeNames(
                            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
            .attributes();
    return count(counts.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES)) == 0
        && count(counts.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
            == received;
  }

  private static int count(@Nullable String attribute) {
    return attribute == null ? 0 : Integer.parseInt(attribute);
  }

  private List<Message> receive(int most, int hiddenSeconds) {
    return sqs.receiveMessage(
            it ->
                it.queueUrl(deadQueueUrl)
                    .maxNumberOfMessages(most)
                    .waitTimeSeconds(WAIT_SECONDS)
                    .visibilityTimeout(hiddenSeconds)
                    .messageAttributeNames("All")
                    .messageSystemAttributeNames(MessageSystemAttributeName.SENT_TIMESTAMP))
        .messages();
  }

  /// Shows letters to other readers again. One that this fails for is shown once its time is over.
  private void leave(List<Message> messages) {
    for (int from = 0; from < messages.size(); from += BATCH) {
      List<Message> batch = messages.subList(from, Math.min(from + BATCH, messages.size()));
      List<ChangeMessageVisibilityBatchRequestEntry> entries =
          batch.stream()
              .map(
                  message ->
                      ChangeMessageVisibilityBatchRequestEntry.builder()
                          .id(Integer.toString(batch.indexOf(message)))
                          .receiptHandle(message.receiptHandle())
                          .visibilityTimeout(0)
                          .build())
              .toList();
      sqs.changeMessageVisibilityBatch(it -> it.queueUrl(deadQueueUrl).entries(entries));
    }
  }

  private static Letter letter(Message message) {
    Map<String, MessageAttributeValue> attributes = message.messageAttributes();
    MessageAttributeValue reason = attributes.get(UsageQueue.REASON);
    String sent = message.attributes().get(MessageSystemAttributeName.SENT_TIMESTAMP);
    return new Letter(
        message.messageId(),
        reason == null ? "its receives were spent" : reason.stringValue(),
        sent == null ? 0 : Long.parseLong(sent),
        message.body());
  }
}
