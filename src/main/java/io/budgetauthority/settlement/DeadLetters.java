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

/// The messages of the usage queue that nobody could take: to be looked at, and to be sent again
/// once what was wrong is put right. Sending one twice is safe, as with every message.
public final class DeadLetters {

  private static final int BATCH = 10;

  /// As long as a pass may take: what was seen stays hidden meanwhile, so that it is seen once.
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
  /// @param reason why it could not be taken; that its receives were spent where the queue itself
  ///   gave it up
  /// @param sentAt when it came here, in milliseconds of the epoch
  public record Letter(String messageId, String reason, long sentAt, String body) {}

  /// Shows every letter once, and leaves it there.
  public int show(Consumer<Letter> shown) {
    List<Message> letters = all();
    letters.forEach(message -> shown.accept(letter(message)));
    letters.forEach(this::leave);
    return letters.size();
  }

  /// Puts the letters that are wanted on the usage queue again. What comes back meanwhile, because
  /// nothing was put right, is not among them.
  ///
  /// @return how many
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

  /// Every letter that is there now, hidden until it is left or deleted.
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
