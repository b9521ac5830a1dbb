package io.budgetauthority.storage;

/// Is told what happens to calls, so that it can be counted.
public interface StorageListener {

  /// Counts nothing.
  StorageListener NONE =
      new StorageListener() {
        @Override
        public void retried() {}

        @Override
        public void gaveUp() {}

        @Override
        public void unavailable() {}
      };

  /// A write conflicted with a transaction and is sent again.
  void retried();

  /// A call still conflicted or was throttled at its deadline, and fails.
  void gaveUp();

  /// DynamoDB did not answer a call by its deadline.
  void unavailable();
}
