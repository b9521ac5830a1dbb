package io.budgetauthority.command;

import picocli.CommandLine.Option;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.s3.S3Client;

/// The option that names the bucket of price tables and snapshots.
final class Bucket {

  @Option(
      names = "--bucket",
      required = true,
      defaultValue = "${env:BUDGET_BUCKET}",
      description = "the bucket of price tables; BUDGET_BUCKET unless stated")
  String name = "";

  static S3Client s3() {
    return S3Client.builder().httpClientBuilder(ApacheHttpClient.builder()).build();
  }
}
