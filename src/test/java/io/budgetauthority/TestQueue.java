package io.budgetauthority;

import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.settlement.UsageQueue;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// A usage queue and its dead-letter queue on the local SQS.
public final class TestQueue {

  private static final int BATCH = 10;

  private final SqsClient sqs;
  private final String url;
  private final String deadUrl;

  private TestQueue(SqsClient sqs, int hiddenSeconds) {
    this.sqs = sqs;
    this.url = create("usage-" + UUID.randomUUID(), hiddenSeconds);
    this.deadUrl = create("dead-" + UUID.randomUUID(), 0);
  }

  /// @param hiddenSeconds for how long a message that was delivered is hidden from others
  public static TestQueue onLocalCloud(int hiddenSeconds) {
    return new TestQueue(LocalCloudForTests.sqs(), hiddenSeconds);
  }

  private String create(String name, int hiddenSeconds) {
    return sqs.createQueue(
            it ->
                it.queueName(name)
                    .attributes(
                        Map.of(
                            QueueAttributeName.VISIBILITY_TIMEOUT,
                            Integer.toString(hiddenSeconds))))
        .queueUrl();
  }

  public SqsClient sqs() {
    return sqs;
  }

  public String url() {
    return url;
  }

  public String deadUrl() {
    return deadUrl;
  }

  public void send(String body) {
    sqs.sendMessage(it -> it.queueUrl(url).messageBody(body));
  }

  /// Delivers what is there once.
  ///
  /// @return how many messages there were
  public int deliverTo(UsageQueue queue) {
    List<Message> messages = receive(url);
    List<String> again =
        messages.isEmpty()
            ? List.of()
            : queue.consume(
                messages.stream()
                    .map(
                        it ->
                            new UsageQueue.Received(
                                it.messageId(),
                                it.body(),
                                Integer.parseInt(
                                    it.attributes()
                                        .getOrDefault(
                                            MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT,
                                            "1"))))
                    .toList());
    messages.stream()
        .filter(it -> !again.contains(it.messageId()))
        .forEach(it -> sqs.deleteMessage(d -> d.queueUrl(url).receiptHandle(it.receiptHandle())));
    return messages.size();
  }

  /// The reasons of the dead letters, by body; they are deleted.
  public List<String> reasonsOfTheDead() {
    List<Message> dead = receive(deadUrl);
    dead.forEach(
        it -> sqs.deleteMessage(d -> d.queueUrl(deadUrl).receiptHandle(it.receiptHandle())));
    return dead.stream()
        .map(it -> Objects.requireNonNull(it.messageAttributes().get(UsageQueue.REASON)))
        .map(MessageAttributeValue::stringValue)
        .toList();
  }

  private List<Message> receive(String from) {
    return sqs.receiveMessage(
            it ->
                it.queueUrl(from)
                    .maxNumberOfMessages(BATCH)
                    .messageAttributeNames("All")
                    .messageSystemAttributeNames(
                        MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT))
        .messages();
  }
}
