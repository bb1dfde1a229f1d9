"""What is known of participants' health: history, medication, tests, laboratory, ECG."""
