package io.budgetauthority;

import io.budgetauthority.settlement.DeadLetters;
import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The operator's command that shows the messages of the usage queue which could not be taken, each
/// with its reason, and sends them again (docs/usage-queue.md). Endpoint, region and credentials
/// are those that the SDK finds; the queues are named by the service's own variables.
public final class ShowDeadLetters {

  private static final String USAGE =
      """
      usage: java -cp … io.budgetauthority.ShowDeadLetters [--redrive (all | MESSAGE_ID)]

      Shows the dead letters of the usage queue, each with its reason. With --redrive puts all of
      them, or one, on the usage queue again.

      BUDGET_USAGE_QUEUE_URL and BUDGET_USAGE_DEAD_QUEUE_URL name the queues. AWS_REGION,
      AWS_ENDPOINT_URL_SQS and credentials are found as the AWS SDK finds them.
      """;

  private ShowDeadLetters() {}

  /// Exits with 0, or 2 where it was called wrongly.
  public static void main(String[] args) {
    Map<String, String> variables = System.getenv();
    String queueUrl = variables.get("BUDGET_USAGE_QUEUE_URL");
    String deadQueueUrl = variables.get("BUDGET_USAGE_DEAD_QUEUE_URL");
    boolean redrive = args.length == 2 && args[0].equals("--redrive");
    if (queueUrl == null || deadQueueUrl == null || (args.length != 0 && !redrive)) {
      System.err.print(USAGE);
      System.exit(2);
      return;
    }
    try (SqsClient sqs =
        SqsClient.builder().httpClientBuilder(ApacheHttpClient.builder()).build()) {
      DeadLetters letters = new DeadLetters(sqs, queueUrl, deadQueueUrl);
      if (redrive) {
        int sent =
            letters.redrive(letter -> args[1].equals("all") || letter.messageId().equals(args[1]));
        System.out.println(sent + " sent again");
      } else {
        int shown = letters.show(ShowDeadLetters::print);
        System.out.println(shown + " dead letters");
      }
    }
  }

  private static void print(DeadLetters.Letter letter) {
    System.out.printf(
        "%s %s: %s%n    %s%n",
        Instant.ofEpochMilli(letter.sentAt()), letter.messageId(), letter.reason(), letter.body());
  }
}
