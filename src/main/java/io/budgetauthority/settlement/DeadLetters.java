package io.budgetauthority.settlement;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// Shows the messages of the usage queue that could not be processed, and sends them again once
/// their cause is corrected. Sending one twice is safe, as with every message.
public final class DeadLetters {

  private static final int BATCH = 10;

  /// How long a pass may take. A letter that was received stays hidden for this time, so that a
  /// pass receives it once.
  private static final int HIDDEN_SECONDS = 300;

  private final SqsClient sqs;
  private final String queueUrl;
  private final String deadQueueUrl;

  public DeadLetters(SqsClient sqs, String queueUrl, String deadQueueUrl) {
    this.sqs = sqs;
    this.queueUrl = queueUrl;
    this.deadQueueUrl = deadQueueUrl;
  }

  /// A dead letter.
  ///
  /// @param reason why it could not be processed; that its receives were spent, where the queue
  ///   itself gave it up
  /// @param sentAt when it arrived in the dead-letter queue, in milliseconds since the epoch
  public record Letter(String messageId, String reason, long sentAt, String body) {}

  /// Shows every letter once, and leaves it in the queue.
  public int show(Consumer<Letter> shown) {
    List<Message> letters = all();
    letters.forEach(message -> shown.accept(letter(message)));
    letters.forEach(this::leave);
    return letters.size();
  }

  /// Sends the wanted letters to the usage queue again. Letters that come back meanwhile, because
  /// their cause was not corrected, are not among them.
  ///
  /// @return how many were sent
  public int redrive(Predicate<Letter> wanted) {
    int redriven = 0;
    for (Message message : all()) {
      if (wanted.test(letter(message))) {
        sqs.sendMessage(it -> it.queueUrl(queueUrl).messageBody(message.body()));
        sqs.deleteMessage(it -> it.queueUrl(deadQueueUrl).receiptHandle(message.receiptHandle()));
        redriven++;
      } else {
        leave(message);
      }
    }
    return redriven;
  }

  /// Every letter that is in the queue now, hidden until it is left or deleted.
  private List<Message> all() {
    List<Message> letters = new ArrayList<>();
    List<Message> batch;
    do {
      batch = receive();
      letters.addAll(batch);
    } while (!batch.isEmpty());
    return letters;
  }

  private List<Message> receive() {
    return sqs.receiveMessage(
            it ->
                it.queueUrl(deadQueueUrl)
                    .maxNumberOfMessages(BATCH)
                    .visibilityTimeout(HIDDEN_SECONDS)
                    .messageAttributeNames("All")
                    .messageSystemAttributeNames(MessageSystemAttributeName.SENT_TIMESTAMP))
        .messages();
  }

  private void leave(Message message) {
    sqs.changeMessageVisibility(
        it ->
            it.queueUrl(deadQueueUrl).receiptHandle(message.receiptHandle()).visibilityTimeout(0));
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
